// One incident: what is wanted, how sure it is, what can be done, both pictures, the facts, its trail, and what happened to it.

import { useLayoutEffect, useRef } from "./vendor/hooks.mjs";
import { misread } from "./acting.js";
import { Actions } from "./actions.js";
import { html } from "./draw.js";
import { History } from "./history.js";
import { WINDOW_MS } from "./incidents.js";
import { noted } from "./notes.js";
import { Picture } from "./picture.js";
import { Plate } from "./rows.js";
import { clock, day, heading, named, offence, span, t, utc } from "./words.js";

const REST_MS = 250; // a row that is only passed by does not load its pictures: each view is recorded

/** @param {{desk: import("./desk.js").Desk, back: () => void}} props */
export function Detail({ desk, back }) {
  const { current } = desk;
  if (!current) return html`<section class="detail none" aria-label=${t("detail")}><p>${t(desk.order.length ? "detail.none" : "list.empty")}</p></section>`;
  return html`<${Incident} desk=${desk} back=${back} ...${current} />`;
}

function Incident({ desk, back, incident, sighting }) {
  const box = useRef(null), { alert } = sighting, { last } = incident, shown = desk.story.of(incident.id);
  useLayoutEffect(() => { box.current.scrollTop = 0; }, [incident.id]); // another incident is read from its top
  return html`<section class="detail ${alert.priority}" aria-labelledby="detail-title" ref=${box}>
    <button type="button" class="back" onClick=${back}>${t("back")}</button>
    <p class="do"><span class="urgency">${t(`priority.${alert.priority}`)}</span> <b>${named("action", alert.action)}</b> · ${named("hotlist", alert.hotlist)}</p>
    <p class="lately">${t("last_seen")} <b>${last.place ?? last.alert.read.camera_id}</b>, ${t("ago", { span: span(desk.now - last.alert.read.captured_at_ms) })}</p>
    <${Compared} alert=${alert} />
    <${Sure} sighting=${sighting} really=${misread(shown, alert.alert_id)} />
    <${Actions} desk=${desk} incident=${incident} sighting=${sighting} />
    <div class="pictures"><${Shot} alert=${alert} which="overview" /></div>
    <${Facts} sighting=${sighting} incident=${incident} desk=${desk} />
    <${Trail} incident=${incident} shown=${alert.alert_id} story=${shown} choose=${(id) => desk.look(id)} />
    <${History} shown=${shown} me=${desk.me} desks=${desk.desks} />
  </section>`;
}

/** The plate as the camera saw it, as it was read, and as it is wanted, one above the other. */
function Compared({ alert }) {
  const differs = alert.read.plate !== alert.wanted_plate;
  return html`<div class="compared">
    <${Shot} alert=${alert} which="crop" />
    <div>
      <h1 id="detail-title" tabindex="-1"><small>${t("read_as")}</small> <${Plate} read=${alert.read.plate} wanted=${alert.wanted_plate} />
        <span class="hidden">, ${t(`priority.${alert.priority}`)}</span></h1>
      <p><small>${t("wanted")}</small> <${Plate} read=${alert.read.plate} wanted=${alert.wanted_plate} as="wanted" /></p>
      ${differs && alert.match !== "pattern" && html`<p class="hint">${t("marked")}</p>`}
    </div>
  </div>`;
}

function Sure({ sighting: { alert, withdrawal }, really }) {
  if (withdrawal) return html`<p class="verdict over"><b>${t("withdrawn")}</b> ${clock(withdrawal.at_ms)}: ${named("withdrawn", withdrawal.reason)}</p>`;
  if (really) return html`<p class="verdict over"><b>${t("did.misread")}</b> · ${t("misread.is", { plate: [really.plate, really.plate_country].filter(Boolean).join(" ") })}</p>`;
  return html`<div class="verdict ${alert.confirm ? "ask" : "certain"}">
    <p><b>${t(surety(alert))}</b> · ${t(`match.${alert.match}`)} · ${t("score", { percent: Math.round(alert.score * 100) })}</p>
    ${(alert.notes ?? []).map(noted).filter(Boolean).map((words) => html`<p class="note">${words}</p>`)}
    ${!alert.live && html`<p class="note">${t("late")}</p>`}
  </div>`;
}

/** The key of how sure an alert is. @param {import("./incidents.js").Alert} alert */
export const surety = (alert) => (alert.confirm ? "confirm_first" : alert.confirmed ? "confirmed" : "exact");

function Shot({ alert, which }) {
  const path = alert.read[which] ? `/alerts/${alert.alert_id}/pictures/${which}` : null;
  return html`<${Picture} path=${path} which=${which} plate=${alert.read.plate} restMs=${REST_MS}><figcaption>${t(`picture.${which}`)}</figcaption><//>`;
}

function Facts({ sighting: { alert, place }, incident, desk }) {
  const { read } = alert;
  const seenMs = incident.last.alert.read.captured_at_ms, leftMs = seenMs + WINDOW_MS - desk.now;
  const vehicle = [read.country, read.colour && named("colour", read.colour.toLowerCase()), read.make, read.vehicle_class && read.vehicle_class !== "unknown" && named("class", read.vehicle_class)].filter(Boolean).join(", ");
  const way = [read.direction && named("direction", read.direction), read.heading_deg != null && heading(read.heading_deg),
    read.lane != null && t("lane", { lane: read.lane }), read.speed_kmh != null && `${Math.round(read.speed_kmh)} km/h`].filter(Boolean).join(", ");
  const rows = [
    ["where", html`<b>${place ?? read.camera_id}</b>${place && html` <small>${read.camera_id}</small>`}`],
    ["captured", html`<${Moment} ms=${read.captured_at_ms} /> <small>${t("ago", { span: span(desk.now - read.captured_at_ms) })}</small>`],
    ["way", way],
    ["vehicle", vehicle],
    ["category", offence(alert.category)],
    ["owner", alert.owner],
    ["case", alert.case_reference],
    ["legal_basis", alert.legal_basis],
    ["decided", html`<${Moment} ms=${alert.decided_at_ms} />`],
    ["counts", leftMs > 0 ? t("counts.until", { when: clock(seenMs + WINDOW_MS), span: span(leftMs) }) : t("counts.over", { when: clock(seenMs + WINDOW_MS) })],
  ];
  return html`<dl class="facts">${rows.filter(([, value]) => value).map(([name, value]) => html`<dt>${t(`fact.${name}`)}</dt><dd>${value}</dd>`)}</dl>`;
}

function Moment({ ms }) {
  return html`<time datetime=${new Date(ms).toISOString()}>${day(ms)} ${clock(ms)} <small>${utc(ms)}</small></time>`;
}

function Trail({ incident, shown, story, choose }) {
  const said = ({ alert, withdrawal }) => (withdrawal ? "withdrawn" : misread(story, alert.alert_id) ? "did.misread" : surety(alert));
  return html`<section class="trail" aria-labelledby="trail-title">
    <h2 id="trail-title">${t("trail", { n: incident.trail.length })}</h2>
    <ol>${incident.trail.map((one, at) => {
      const { alert, place } = one, how = said(one);
      return html`<li key=${alert.alert_id} class=${["withdrawn", "did.misread"].includes(how) ? "over" : ""}>
      <button type="button" aria-pressed=${String(alert.alert_id === shown)} onClick=${() => choose(alert.alert_id)}>
        <b class="number">${incident.trail.length - at}</b>
        <time>${clock(alert.read.captured_at_ms)} <small>${utc(alert.read.captured_at_ms)}</small></time>
        <span class="where">${place ?? alert.read.camera_id}</span>
        <${Plate} read=${alert.read.plate} wanted=${alert.wanted_plate} />
        <span class="sure ${how === "confirm_first" ? "ask" : ""}">${t(how)}</span>
      </button></li>`;
    })}</ol>
  </section>`;
}
