// The list of incidents: only the rows on screen are drawn, and the row under the pointer or the focus stays where it is.

import { useEffect, useLayoutEffect, useRef, useState } from "./vendor/hooks.mjs";
import { asks } from "./acting.js";
import { html } from "./draw.js";
import { compared } from "./plates.js";
import { named, span, t } from "./words.js";

export const ROW = 68; // pixels: every row is as high, so that a place is a number
const BEYOND = 6; // rows drawn above and below what is seen
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity };

/** @param {{desk: import("./desk.js").Desk, toDetail: () => void}} props */
export function List({ desk, toDetail }) {
  const box = useRef(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(800);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(([one]) => setHeight(one.contentRect.height));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (desk.toTop) box.current.scrollTop = 0;
    if (desk.toRow) shownRow(desk, box.current);
    desk.toTop = desk.toRow = false;
  });
  const { order, selected } = desk;
  const from = Math.max(0, Math.floor(top / ROW) - BEYOND), to = Math.min(order.length, Math.ceil((top + height) / ROW) + BEYOND);
  const shown = order.slice(from, to);

  function keyed(event) {
    const step = STEPS[event.key];
    if (event.key === "Enter") toDetail();
    else if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    else moved(desk, step, box.current);
    event.preventDefault();
  }

  return html`<div class="rows" ref=${box} id="rows" role="listbox" tabindex="0" aria-label=${t("incidents")}
      aria-activedescendant=${shown.includes(selected) ? `row-${selected}` : undefined}
      onScroll=${(event) => setTop(event.currentTarget.scrollTop)} onKeyDown=${keyed}
      onFocus=${() => desk.focus(true)} onBlur=${() => desk.focus(false)}
      onPointerLeave=${() => desk.point(null)}>
    <div class="all" role="presentation" style=${{ height: `${order.length * ROW}px` }}>
      ${shown.map((id, index) => html`<${Row} key=${id} incident=${desk.incidents.all.get(id)} desk=${desk} at=${from + index} />`)}
    </div>
  </div>`;
}

/** Move the choice, and bring it into sight. @param {import("./desk.js").Desk} desk  @param {number} step  @param {HTMLElement} box */
export function moved(desk, step, box) {
  desk.move(step);
  shownRow(desk, box);
}

function shownRow(desk, box) {
  const at = desk.order.indexOf(desk.selected) * ROW;
  if (at < box.scrollTop) box.scrollTop = at;
  else if (at + ROW > box.scrollTop + box.clientHeight) box.scrollTop = at + ROW - box.clientHeight;
}

function Row({ incident, desk, at }) {
  if (!incident) return null;
  const { best, last, id } = incident, { alert, place } = best;
  const chosen = desk.selected === id;
  const kinds = ["row", alert.priority, chosen && "chosen", incident.over && "over", desk.fresh.has(id) && "fresh"].filter(Boolean).join(" ");
  return html`<div id=${`row-${id}`} class=${kinds} role="option" aria-selected=${String(chosen)} aria-posinset=${at + 1}
      aria-setsize=${desk.order.length} style=${{ transform: `translateY(${at * ROW}px)` }}
      onPointerMove=${() => desk.point(id)} onClick=${() => desk.select(id)}>
    <span class="urgency">${t(`priority.${alert.priority}`)}${desk.fresh.has(id) && html` <b class="new">${t("new")}</b>`} <small>${holding(incident, desk)}</small></span>
    <${Plate} read=${alert.read.plate} wanted=${alert.wanted_plate} />
    <span class="line"><span class="what"><b>${named("action", alert.action)}</b> · ${named("hotlist", alert.hotlist)}</span>
      <span class="sure ${alert.confirm ? "ask" : ""}">${t(incident.over ? `phase.${incident.phase}` : alert.confirm ? "confirm_short" : alert.confirmed ? "confirmed" : "exact")}</span></span>
    <span class="line"><span class="where">${last.place ?? place ?? last.alert.read.camera_id}</span>
      <span class="age">${incident.sightings.size > 1 && html`${t("times", { n: incident.sightings.size })} · `}${span(desk.now - last.alert.read.captured_at_ms)}</span></span>
  </div>`;
}

/** Who has it, short enough for a row. */
function holding({ told, over }, desk) {
  const { me } = desk;
  if (!told || over) return "";
  if (asks(told, me?.shift?.desk_id)) return t("asks_here");
  if (told.phase === "handed_over") return `→ ${desk.nameOf(told.desk)}`;
  return told.holder ? (told.holder === me?.user_id ? t("who.you") : told.holder) : "";
}

/** A plate as it was read; characters that differ from the wanted plate are marked. @param {{read: string, wanted: string, as?: "read" | "wanted"}} props */
export function Plate({ read, wanted, as = "read" }) {
  return html`<span class="plate ${as}">${compared(read, wanted)[as].map(({ text, differs }) => (differs ? html`<mark>${text}</mark>` : text))}</span>`;
}
