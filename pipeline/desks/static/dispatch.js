// The page of the dispatch desk: puts the parts together, and gives each key its meaning.

import { render } from "./vendor/preact.mjs";
import { useLayoutEffect, useRef, useState } from "./vendor/hooks.mjs";
import { KEYS } from "./acting.js";
import { Undo } from "./actions.js";
import { Banner, Bar, KEYS as SHOWN } from "./bar.js";
import { Desk } from "./desk.js";
import { Detail } from "./detail.js";
import { Keys, useSingleKeys } from "./dialog.js";
import { html } from "./draw.js";
import { Handover } from "./handover.js";
import { themed } from "./head.js";
import { MapView } from "./map.js";
import { List, moved } from "./rows.js";
import { t } from "./words.js";

const desk = new Desk(draw);

function App() {
  const [keys, setKeys] = useState(false), [shift, setShift] = useState(false);
  const toDetail = () => document.getElementById("detail-title")?.focus();
  const back = () => document.getElementById("rows")?.focus();
  const [single, setSingle] = useSingleKeys((event, on) => keyed(event, { single: on, back, setKeys, setShift }));
  return html`<${Bar} desk=${desk} keys=${() => setKeys(true)} shift=${() => setShift(true)} />
    <div class="banners"><${Undo} desk=${desk} /><${Banner} desk=${desk} /></div>
    <main>${desk.phase === "ready" ? html`<${Ready} toDetail=${toDetail} back=${back} />` : html`<${Before} />`}</main>
    <${Keys} open=${keys} close=${() => setKeys(false)} list=${SHOWN} single=${single} setSingle=${setSingle} />
    <${Handover} desk=${desk} open=${shift} close=${() => setShift(false)} />`;
}

function Ready({ toDetail, back }) {
  const urgent = desk.waiting.filter((id) => desk.incidents.all.get(id)?.rank === 4).length;
  const n = desk.waiting.length;
  if (desk.view === "map") return html`<${MapView} desk=${desk} alone=${true} />`;
  return html`<div class="two ${desk.selected ? "reading" : ""} ${desk.withMap ? "mapped" : ""}">
    <section class="list" aria-label=${t("incidents")}>
      ${!desk.current && html`<h1 class="hidden">${t("dispatch")}</h1>`}
      <div class="tools">
        <button type="button" aria-pressed=${String(desk.withOver)} aria-keyshortcuts="a" onClick=${() => desk.toggleOver()}>${t("over.show")} <kbd>A</kbd></button>
        <button type="button" aria-pressed=${String(desk.withMap)} aria-keyshortcuts="g" onClick=${() => desk.toggleMap()}>${t("map")} <kbd>G</kbd></button>
        ${n ? html`<button type="button" class=${urgent ? "waits urgent" : "waits"} aria-keyshortcuts="n" onClick=${() => desk.newest()}>${t("waiting", { n })}${urgent ? `, ${t("waiting.urgent", { n: urgent })}` : ""} <kbd>N</kbd></button>`
          : html`<p class="count">${t("count", { n: desk.order.length })}</p>`}
      </div>
      ${!desk.order.length && html`<p class="empty">${t("list.empty")}</p>`}
      <${List} desk=${desk} toDetail=${toDetail} />
      ${desk.incidents.dropped > 0 && html`<p class="dropped" role="status">${t("dropped", { n: desk.incidents.dropped })}</p>`}
    </section>
    <${Detail} desk=${desk} back=${() => { desk.select(""); back(); }} />
    ${desk.withMap && html`<${MapView} desk=${desk} close=${() => desk.toggleMap()} />`}
    <p class="hidden" role="status">${desk.said.map((one) => `${t(`priority.${one.priority}`)}: ${one.plate}`).join(". ")}</p>
    <p class="hidden" role="status">${desk.decisions.said?.()}</p>
  </div>`;
}

function Before() {
  if (desk.phase === "shift") return html`<${Shift} />`;
  if (desk.phase === "loading") return html`<div class="before"><h1>${t("dispatch")}</h1><p role="status">${t("loading")}</p></div>`;
  if (desk.phase === "error") return html`<div class="before" role="alert"><h1>${t("failed")}</h1><p>${desk.error.message}</p><p>${t("again")}</p></div>`;
  const ended = desk.phase === "ended";
  return html`<div class="before"><h1>${t(ended ? "ended" : "no_right")}</h1><p>${t(ended ? "ended.why" : "no_right.why")}</p>
    <p><a class="button" href=${ended ? "/" : "/#you"}>${t(ended ? "login" : "you")}</a></p></div>`;
}

function Shift() {
  const [wrong, setWrong] = useState(/** @type {any} */ (null)), form = useRef(null);
  useLayoutEffect(() => { form.current?.elements[desk.desks.length > 1 ? "where" : "why"].focus(); }, []); // the first that is asked
  const send = async (event) => {
    event.preventDefault();
    const { where, why, case: reference } = event.target.elements;
    try {
      await desk.beginShift(where.value, why.value.trim(), reference.value.trim());
    } catch (error) {
      setWrong(error);
    }
  };
  return html`<div class="before">
    <h1>${t("shift.begin")}</h1>
    ${wrong && html`<p class="told wrong" role="alert">${wrong.message}</p>`}
    ${desk.desks.length ? html`<form ref=${form} onSubmit=${send}>
      <label for="where">${t("desk")}</label>
      <select id="where" name="where" required>${desk.desks.map((one) => html`<option value=${one.desk_id}>${one.name}</option>`)}</select>
      <label for="why">${t("reason")}</label>
      <input id="why" name="why" maxlength="1000" aria-describedby="why-rule" required />
      <p id="why-rule" class="hint">${t("reason.rule")}</p>
      <label for="case">${t("case")}</label>
      <input id="case" name="case" maxlength="1000" />
      <button>${t("shift.begin")}</button>
    </form>` : html`<p>${t("desks.none")}</p>`}
  </div>`;
}

function keyed(event, { single, back, setKeys, setShift }) {
  const target = /** @type {HTMLElement} */ (event.target), { decisions } = desk;
  if (event.key === "Escape" && decisions.cancel()) return back();
  if (event.ctrlKey || event.altKey || event.metaKey || target.matches("input, select, textarea") || document.querySelector("dialog[open]")) return;
  if (event.key === "?") return setKeys(true);
  if (desk.phase !== "ready") return;
  const digit = event.code?.match(/^(?:Digit|Numpad)([1-9])$/); // where they are on every keyboard
  if (digit) return event.preventDefault(), pressed(digit[1]); // or it lands in the note that is focused
  const rows = document.getElementById("rows"), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (desk.view === "map") return void (single && event.key.toLowerCase() === "m" && desk.sound.mute()); // what is not shown is not decided
  const acts = Object.fromEntries(KEYS.map(([did, key]) => [key, () => desk.decide(did)]));
  const does = { ...acts, z: () => decisions.undo(), g: () => desk.toggleMap(), s: () => setShift(true), j: () => moved(desk, 1, rows), k: () => moved(desk, -1, rows), n: () => desk.newest(), m: () => desk.sound.mute(), a: () => desk.toggleOver() };
  if (event.key === "Escape") back();
  else if (step && target === document.body) { // nothing has the keyboard, as when a shift has just begun
    event.preventDefault();
    moved(desk, step, rows);
  } else if (single && does[event.key.toLowerCase()]) {
    event.preventDefault(); // or the letter lands in the field that opens
    if (!event.repeat || "jk".includes(event.key)) does[event.key.toLowerCase()]();
  }
}

/** Choose by digit in the form that is open, or about to open. @param {string} digit */
async function pressed(digit) {
  while (desk.decisions.sending) await desk.decisions.sending;
  if (!desk.decisions.form) return;
  draw();
  document.querySelector(`.form [data-digit="${digit}"]`)?.click();
}

function draw() {
  const urgent = [...desk.fresh].filter((id) => desk.incidents.all.get(id)?.rank === 4).length;
  const bad = desk.phase === "ready" && desk.live?.stands;
  document.title = `${bad ? "⚠ " : ""}${urgent ? `(${urgent}) ` : ""}${t("dispatch")} - Vigie`;
  render(html`<${App} />`, document.getElementById("desk"));
}

themed();
addEventListener("language", draw);
draw();
desk.open();
