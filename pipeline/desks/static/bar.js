// What stands above everything: who and where, the time, sound, the state of the stream, and the banner when it stands still.

import { useEffect, useRef } from "./vendor/hooks.mjs";
import { html } from "./draw.js";
import { OLD_MS, WARN_MS } from "./desk.js";
import { choose, clock, day, LANGUAGES, language, span, t, utc } from "./words.js";

const THEMES = ["auto", "light", "dark"], THEME = "vigie.theme";

/** The reader's choice of light or dark, as the page begins. */
export function themed() {
  const chosen = localStorage.getItem(THEME);
  document.documentElement.dataset.theme = THEMES.includes(chosen) ? chosen : "auto";
}

/** @param {{desk: import("./desk.js").Desk, keys: () => void}} props */
export function Bar({ desk, keys }) {
  const { me, sound, live } = desk;
  const here = desk.phase === "ready" && Boolean(me?.shift);
  return html`<header class="bar">
    <p class="mark">Vigie <span>${t("dispatch")}</span></p>
    ${here && html`<p class="at" title=${t("since", { when: clock(me.shift.began_ms) })}>${me.shift.desk_id}</p>`}
    ${me && html`<p class="who">${me.name}, ${me.service}</p>`}
    <p class="clock" title=${t("brussels")}><time>${clock(desk.now)}</time> <small>${utc(desk.now)}</small></p>
    ${here && html`<p class=${live?.stands ? "state bad" : "state good"}>${t(live?.stands ? "stream.stands" : "stream.live")}</p>`}
    ${here && html`<${Loud} sound=${sound} />`}
    <button type="button" class="wide" onClick=${keys} aria-keyshortcuts="?">${t("keys")} <kbd>?</kbd></button>
    <label class="beside"><span class="hidden">${t("language")}</span>
      <select value=${language} onChange=${(event) => choose(event.target.value)}>
        ${LANGUAGES.map((one) => html`<option value=${one} selected=${one === language}>${t(`language.${one}`)}</option>`)}
      </select></label>
    <label class="beside wide"><span class="hidden">${t("theme")}</span>
      <select onChange=${(event) => { localStorage.setItem(THEME, event.target.value); themed(); }}>
        ${THEMES.map((one) => html`<option value=${one} selected=${one === document.documentElement.dataset.theme}>${t(`theme.${one}`)}</option>`)}
      </select></label>
    ${me && html`<a href="/#you">${t("you")}</a>`}
    ${here && html`<button type="button" onClick=${() => desk.endShift()}>${t("shift.end")}</button>`}
  </header>`;
}

/** As wide in every state: what is beside it must not move while the first press, which lets the sound through, is under way. */
function Loud({ sound }) {
  const state = sound.blocked ? "blocked" : sound.muted ? "muted" : sound.elsewhere ? "elsewhere" : "on";
  return html`<button type="button" class=${sound.blocked ? "stack loud" : "stack"} aria-pressed=${String(sound.muted)} aria-keyshortcuts="m"
      onClick=${() => sound.pressed()}>
    ${["blocked", "muted", "elsewhere", "on"].map((one) => html`<span class=${one === state ? "" : "away"}>${t(`sound.${one}`)} <kbd>M</kbd></span>`)}
  </button>`;
}

/** What nobody can miss: the stream stands still, the data is old, the session ends. @param {{desk: import("./desk.js").Desk}} props */
export function Banner({ desk }) {
  if (desk.phase !== "ready" || !desk.me) return null;
  const { live } = desk, now = Date.now();
  const told = (key, sinceMs) => html`<strong>${t(`banner.${key}`)}</strong> ${t("banner.since", { when: clock(sinceMs), day: day(sinceMs), span: span(now - sinceMs) })}`;
  let words = null;
  if (live?.stands) words = told("stands", live.status.heardMs);
  else if (live && now - live.status.knownMs > OLD_MS) words = told("old", live.status.knownMs);
  else if (desk.behind) words = html`<strong>${t("banner.behind")}</strong>`;
  const ends = desk.me.ends_ms - desk.now;
  return html`<div class="banners">
    <div role="alert" class=${words ? "banner stands" : ""}>${words && html`<p>${words}</p>`}</div>
    ${ends < WARN_MS && html`<div role="status" class="banner mild"><p>${t("banner.session", { span: span(ends) })}</p></div>`}
  </div>`;
}

const KEYS = [["↑ ↓ J K", "move"], ["Home End", "ends"], ["Enter", "open"], ["Esc", "back"], ["N", "newest"], ["A", "over"], ["M", "mute"], ["?", "keys"]];

/** @param {{open: boolean, close: () => void, single: boolean, setSingle: (on: boolean) => void}} props */
export function Keys({ open, close, single, setSingle }) {
  const ref = useRef(null);
  useEffect(() => {
    if (open && !ref.current.open) ref.current.showModal();
    if (!open && ref.current.open) ref.current.close();
  }, [open]);
  return html`<dialog ref=${ref} class="keys" aria-labelledby="keys-title" onClose=${close}>
    <h2 id="keys-title">${t("keys")}</h2>
    <dl>${KEYS.map(([key, what]) => html`<dt>${key.split(" ").map((one) => html`<kbd>${one}</kbd> `)}</dt><dd>${t(`key.${what}`)}</dd>`)}</dl>
    <p><label class="check"><input type="checkbox" checked=${single} onChange=${(event) => setSingle(event.target.checked)} /> ${t("keys.single")}</label></p>
    <button type="button" onClick=${close}>${t("close")}</button>
  </dialog>`;
}
