// What stands above every page: the screens that this person may open, the time, and the person's own menu.

import { useEffect, useRef, useState } from "./vendor/hooks.mjs";
import { ask, now as serverNow } from "./api.js";
import { html } from "./draw.js";
import { open } from "./screens.js";
import { choose, clock, LANGUAGES, language, t, utc } from "./words.js";

const THEMES = ["auto", "light", "dark"], THEME = "vigie.theme";

/** The reader's choice of light or dark, as the page begins. */
export function themed() {
  const chosen = localStorage.getItem(THEME);
  document.documentElement.dataset.theme = THEMES.includes(chosen) ? chosen : "auto";
}

/**
 * me: who is logged in, null: nobody. here: the page's name, as in screens.js. keys: shows the page's keys. children: what this page alone
 * has. now: its time; without it, that of the server's last answer goes on.
 * @param {{me: object | null, here: string, keys?: () => void, now?: number, children?: any}} props
 */
export function Head({ me, here, keys, now, children }) {
  const known = me && me.how !== "initial";
  return html`<header class="bar">
    <p class="mark">Vigie</p>
    ${known && html`<${Screens} me=${me} here=${here} />`}
    ${children}
    <${Clock} now=${now} />
    ${me ? html`<${Own} me=${me} here=${here} keys=${keys} />` : html`<${Choices} />`}
  </header>`;
}

function Screens({ me, here }) {
  const screens = open(me);
  return screens.length > 0 && html`<nav class="screens" aria-label=${t("screens")}>
    ${screens.map(({ name }) => html`<a href="/${name}" aria-current=${name === here ? "page" : undefined}>${t(`screen.${name}`)}</a>`)}
  </nav>`;
}

function Clock({ now }) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (now !== undefined) return undefined; // the page draws it anew
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, [now === undefined]);
  const ms = now ?? serverNow();
  return html`<p class="clock" title=${t("brussels")}><time>${clock(ms)}</time> <small>${utc(ms)}</small></p>`;
}

/** The person's own menu. Escape closes it, and so does a press elsewhere. */
function Own({ me, here, keys }) {
  const ref = useRef(null), [wrong, setWrong] = useState("");
  useEffect(() => {
    const away = (event) => {
      const { current } = ref;
      if (!current?.open || (event.type === "keydown" ? event.key !== "Escape" : current.contains(event.target))) return;
      current.open = false;
      if (event.type !== "keydown") return;
      event.stopPropagation(); // it closes nothing else
      current.querySelector("summary").focus();
    };
    for (const event of ["keydown", "pointerdown"]) addEventListener(event, away, true);
    return () => ["keydown", "pointerdown"].forEach((event) => removeEventListener(event, away, true));
  }, []);
  const out = async () => setWrong(await loggedOut());
  return html`<details class="own" ref=${ref}>
    <summary title=${`${me.name}, ${me.service}`}><span>${me.name}</span></summary>
    <div>
      <p>${me.name}<br /><small>${me.service}</small></p>
      <${Choices} />
      ${keys && html`<button type="button" aria-keyshortcuts="?" onClick=${() => { ref.current.open = false; keys(); }}>${t("keys")} <kbd>?</kbd></button>`}
      <a class="button" href="/#you" aria-current=${here === "you" ? "page" : undefined}>${t("you")}</a>
      <button type="button" id="logout" onClick=${out}>${t("logout")}</button>
      <p class="told wrong" role="alert">${wrong}</p>
    </div>
  </details>`;
}

function Choices() {
  return html`<label class="beside"><span class="hidden">${t("language")}</span>
      <select onChange=${(event) => choose(event.target.value)}>
        ${LANGUAGES.map((one) => html`<option value=${one} selected=${one === language}>${t(`language.${one}`)}</option>`)}
      </select></label>
    <label class="beside"><span class="hidden">${t("theme")}</span>
      <select onChange=${(event) => { localStorage.setItem(THEME, event.target.value); themed(); }}>
        ${THEMES.map((one) => html`<option value=${one} selected=${one === document.documentElement.dataset.theme}>${t(`theme.${one}`)}</option>`)}
      </select></label>`;
}

/** End the session, and go where one logs in; also when the session is over already. Resolves to why not, in words. */
async function loggedOut() {
  let there;
  try {
    there = (await ask("DELETE", "/session")).provider;
  } catch (error) {
    if (error.status !== 401) return error.message;
  }
  const here = location.pathname;
  sessionStorage.clear(); // reasons, and where somebody wanted to go
  location.assign(there ?? "/#out");
  if (here === "/" && !there) location.reload();
  return "";
}
