// What stands above the desk beside what every page has: the shift, sound, the state of the stream; and the banner when it stands still.

import { html } from "./draw.js";
import { OLD_MS, WARN_MS } from "./desk.js";
import { Head } from "./head.js";
import { clock, day, span, t } from "./words.js";

/** @param {{desk: import("./desk.js").Desk, keys: () => void, shift: () => void}} props */
export function Bar({ desk, keys, shift }) {
  const { me, sound, live } = desk;
  const here = desk.phase === "ready" && Boolean(me?.shift);
  return html`<${Head} me=${me} here="dispatch" keys=${keys} now=${desk.now}>
    ${here && html`<p class="at" title=${t("since", { when: clock(me.shift.began_ms) })}>${desk.nameOf(me.shift.desk_id)}</p>`}
    ${here && html`<p class=${live?.stands ? "state bad" : "state good"}>${t(live?.stands ? "stream.stands" : "stream.live")}</p>`}
    ${here && html`<${Loud} sound=${sound} />`}
    ${here && html`<button type="button" aria-keyshortcuts="s" onClick=${shift}>${t("shift")} <kbd>S</kbd></button>`}
  <//>`;
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
  else if (desk.arrivals.behind) words = html`<strong>${t("banner.behind")}</strong>`;
  const ends = desk.me.ends_ms - desk.now;
  return html`<div role="alert" class=${words ? "banner stands" : ""}>${words && html`<p>${words}</p>`}</div>
    ${ends < WARN_MS && html`<div role="status" class="banner mild"><p>${t("banner.session", { span: span(ends) })}</p></div>`}`;
}

/** The keys of this desk. */
export const KEYS = [["↑ ↓ J K", "move"], ["Home End", "ends"], ["Enter", "open"], ["Esc", "back"], ["T", "take"], ["C", "confirm"], ["X", "misread"], ["D", "dismiss"], ["H", "hand_over"], ["E", "end"],
  ["Z", "undo"], ["S", "shift"], ["G", "map"], ["N", "newest"], ["A", "over"], ["M", "mute"], ["?", "keys"]];
