// A screen: its head, its keys and messages, and its state before somebody with the right is there. What it shows is its own.

import { render } from "./vendor/preact.mjs";
import { useState } from "./vendor/hooks.mjs";
import { ask, now } from "./api.js";
import { Keys, useSingleKeys } from "./dialog.js";
import { html } from "./draw.js";
import { Head, themed } from "./head.js";
import { open, wanted } from "./screens.js";
import { Messages, Toasts } from "./toast.js";
import { span, t } from "./words.js";

const AGAIN_MS = 3000, LOOK_MS = 15_000;
const STAY_MS = 4 * 60_000; // so often, while somebody works, the session is asked for, which keeps it open
const WARN_MS = 3 * 60_000;
const OWN_KEYS = [["/", "search"], ["Esc", "close"], ["?", "keys"]];

/** What a screen's View is given: who is logged in; messages; and what takes a refusal that nothing else tells of. */
class Visit {
  /** @param {string} name  @param {() => void} draw */
  constructor(name, draw) {
    Object.assign(this, { name, draw, phase: "loading", error: null, me: null, workedMs: Date.now(), askedMs: Date.now() });
    this.messages = new Messages(draw);
    this.say = (words) => this.messages.say(words);
    this.fail = (error) => this.failed(error);
    for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => { this.workedMs = Date.now(); }, { capture: true });
    setInterval(() => this.#look(), LOOK_MS);
  }

  /** Find out who is here. Nobody goes to the login, and comes back after it. */
  async open() {
    try {
      this.me = await ask("GET", "/session");
      if (this.me.how === "initial") return this.#login(); // a password of one's own comes first
      this.#to(open(this.me).some((one) => one.name === this.name) ? "ready" : "no_right");
    } catch (error) {
      if (error.status === 401 || error.rule === "first_login") return this.#login();
      this.error = error;
      this.#to("error");
      setTimeout(() => this.open(), Math.max(AGAIN_MS, error.waitS * 1000));
    }
  }

  /** @param {any} error */
  failed(error) {
    if (error.status === undefined) throw error;
    if (error.status !== 401) return this.messages.complain(() => error.message, error.detail);
    this.me = null;
    wanted();
    this.#to("ended");
  }

  #login() {
    wanted();
    location.assign("/");
  }

  async #look() {
    if (this.phase !== "ready") return;
    if (this.workedMs > this.askedMs && Date.now() - this.askedMs > STAY_MS) {
      this.askedMs = Date.now();
      await ask("GET", "/session").then((me) => { this.me = me; }, (error) => error.status === 401 && this.failed(error));
    }
    if (this.me && this.me.ends_ms < now()) this.failed({ status: 401 });
    this.draw();
  }

  #to(phase) {
    this.phase = phase;
    this.draw();
  }
}

/**
 * Show the screen of this name. View: a component; its props are me, say, fail and keyed (takes the letters of its own keys with what
 * each does). keys: the keys of its own, for the list of keys.
 * @param {string} name  @param {any} View  @param {string[][]} [keys]
 */
export function show(name, View, keys = []) {
  themed();
  const own = {};
  const visit = new Visit(name, draw);
  function draw() {
    document.title = `${t(`screen.${name}`)} - Vigie`;
    render(html`<${Page} visit=${visit} View=${View} keys=${[...keys, ...OWN_KEYS]} own=${own} />`, document.getElementById("desk"));
  }
  addEventListener("language", draw);
  draw();
  visit.open();
}

function Page({ visit, View, keys, own }) {
  const [shown, setShown] = useState(false);
  const [single, setSingle] = useSingleKeys((event, on) => on && keyed(event, own, () => setShown(true)));
  const { me, phase } = visit;
  return html`<${Head} me=${me} here=${visit.name} keys=${() => setShown(true)} />
    <main class="page">${phase === "ready" ? html`<${View} me=${me} say=${visit.say} fail=${visit.fail} keyed=${(does) => Object.assign(own, does)} />` : html`<${Before} visit=${visit} />`}</main>
    ${phase === "ready" && me.ends_ms - now() < WARN_MS && html`<div role="status" class="banner mild"><p>${t("banner.session", { span: span(me.ends_ms - now()) })}</p></div>`}
    <${Toasts} messages=${visit.messages} />
    <${Keys} open=${shown} close=${() => setShown(false)} list=${keys} single=${single} setSingle=${setSingle} />`;
}

/** What stands there before somebody with the right is. */
function Before({ visit }) {
  const { phase, error } = visit;
  if (phase === "loading") return html`<div class="before"><h1>${t(`screen.${visit.name}`)}</h1><p role="status">${t("loading.it")}</p></div>`;
  if (phase === "error") return html`<div class="before" role="alert"><h1>${t("failed.screen")}</h1><p>${error.message}</p><p>${t("again")}</p></div>`;
  const ended = phase === "ended";
  return html`<div class="before"><h1>${t(ended ? "ended" : "no_right.screen")}</h1><p>${t(ended ? "ended.why" : "no_right.screen.why")}</p>
    <p><a class="button" href=${ended ? "/" : "/#you"}>${t(ended ? "login" : "you")}</a></p></div>`;
}

function keyed(event, own, keys) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.altKey || event.metaKey || target.matches("input, select, textarea") || document.querySelector("dialog[open]")) return;
  const does = { "?": keys, "/": () => document.querySelector("main input, main select")?.focus(), ...own }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
}
