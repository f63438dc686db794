// One incident: what is wanted, how sure it is, both pictures, the facts, and its trail.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { fetched } from "./api.js";
import { html } from "./draw.js";
import { WINDOW_MS } from "./incidents.js";
import { Plate } from "./rows.js";
import { clock, day, named, span, t, utc } from "./words.js";

const REST_MS = 250; // a row that is only passed by does not load its pictures: each view is recorded

/** @param {{desk: import("./desk.js").Desk, back: () => void}} props */
export function Detail({ desk, back }) {
  const incident = desk.incidents.all.get(desk.selected);
  const [chosen, setChosen] = useState("");
  useEffect(() => setChosen(""), [desk.selected]);
  if (!incident) return html`<section class="detail none" aria-label=${t("detail")}><p>${t(desk.order.length ? "detail.none" : "list.empty")}</p></section>`;
  const sighting = incident.sightings.get(chosen) ?? incident.best, { alert } = sighting;
  return html`<section class="detail ${alert.priority}" aria-labelledby="detail-title">
    <button type="button" class="back" onClick=${back}>${t("back")}</button>
    <h1 id="detail-title" tabindex="-1"><${Plate} read=${alert.read.plate} wanted=${alert.wanted_plate} />
      <span class="hidden">, ${t(`priority.${alert.priority}`)}</span></h1>
    <${Sure} sighting=${sighting} />
    <p class="do"><span class="urgency">${t(`priority.${alert.priority}`)}</span> <b>${named("action", alert.action)}</b> · ${named("hotlist", alert.hotlist)}</p>
    <div class="pictures">
      <${Picture} alert=${alert} which="crop" />
      <${Picture} alert=${alert} which="overview" />
    </div>
    <${Facts} sighting=${sighting} incident=${incident} desk=${desk} />
    <${Trail} incident=${incident} shown=${alert.alert_id} choose=${setChosen} />
  </section>`;
}

function Sure({ sighting: { alert, withdrawal } }) {
  if (withdrawal) return html`<p class="verdict over"><b>${t("withdrawn")}</b> ${clock(withdrawal.at_ms)}: ${named("withdrawn", withdrawal.reason)}</p>`;
  const differs = alert.read.plate !== alert.wanted_plate;
  return html`<div class="verdict ${alert.confirm ? "ask" : "sure"}">
    <p><b>${t(alert.confirm ? "confirm_first" : "exact")}</b> · ${t(`match.${alert.match}`)} · ${t("score", { percent: Math.round(alert.score * 100) })}</p>
    ${differs && html`<p>${t("wanted")} <${Plate} read=${alert.read.plate} wanted=${alert.wanted_plate} as="wanted" />${alert.match !== "pattern" && html` <span>${t("marked")}</span>`}</p>`}
    ${(alert.notes ?? []).map(noted).filter(Boolean).map((words) => html`<p class="note">${words}</p>`)}
    ${!alert.live && html`<p class="note">${t("late")}</p>`}
  </div>`;
}

const NOTES = [
  [/^read as .+, wanted .+$/, null], // the marked characters show it
  [/^country read as (?<read>\w+), wanted (?<wanted>\w+): downgraded from (?<from>\w+)$/, "note.country"],
  [/^(?<ways>.+) are two vehicles of (?<country>\w+) with this text$/, "note.two"],
];

/** A note of the matcher in the reader's words. What has no words here is shown as it is. @param {string} note */
function noted(note) {
  const [pattern, key] = NOTES.find(([one]) => one.test(note)) ?? [];
  if (pattern === undefined) return note;
  if (key === null) return "";
  const { from, ...values } = note.match(pattern).groups;
  return t(key, { ...values, from: from ? named("priority", from) : "" });
}

function Picture({ alert, which }) {
  const [shown, setShown] = useState({ state: "loading", url: "" });
  const has = Boolean(alert.read[which]);
  useEffect(() => {
    const gone = new AbortController();
    let url = "";
    setShown({ state: has ? "loading" : "none", url });
    const begin = has && setTimeout(async () => {
      try {
        const answer = await fetched(`/alerts/${alert.alert_id}/pictures/${which}`, { signal: gone.signal });
        url = URL.createObjectURL(await answer.blob());
        if (!gone.signal.aborted) setShown({ state: "there", url });
      } catch (error) {
        if (!gone.signal.aborted) setShown({ state: error.status === 404 ? "none" : "failed", url: "" });
      }
    }, REST_MS);
    return () => {
      gone.abort();
      clearTimeout(begin);
      if (url) URL.revokeObjectURL(url);
    };
  }, [alert.alert_id, which, has]);
  return html`<figure class=${which}>
    ${shown.state === "there" ? html`<img src=${shown.url} alt=${t(`picture.${which}.alt`, { plate: alert.read.plate })} />` : html`<p>${t(`picture.${shown.state}`)}</p>`}
    <figcaption>${t(`picture.${which}`)}</figcaption>
  </figure>`;
}

function Facts({ sighting: { alert, place }, incident, desk }) {
  const { read } = alert;
  const seenMs = incident.last.alert.read.captured_at_ms, leftMs = seenMs + WINDOW_MS - desk.now;
  const vehicle = [read.country, read.colour, read.make, read.vehicle_class && read.vehicle_class !== "unknown" && named("class", read.vehicle_class)].filter(Boolean).join(", ");
  const way = [read.direction && named("direction", read.direction), read.heading_deg != null && `${Math.round(read.heading_deg)}°`,
    read.lane != null && t("lane", { lane: read.lane }), read.speed_kmh != null && `${Math.round(read.speed_kmh)} km/h`].filter(Boolean).join(", ");
  const rows = [
    ["where", html`<b>${place ?? read.camera_id}</b>${place && html` <small>${read.camera_id}</small>`}`],
    ["captured", html`<${Moment} ms=${read.captured_at_ms} /> <small>${t("ago", { span: span(desk.now - read.captured_at_ms) })}</small>`],
    ["way", way],
    ["vehicle", vehicle],
    ["category", named("category", alert.category)],
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

function Trail({ incident, shown, choose }) {
  return html`<section class="trail" aria-labelledby="trail-title">
    <h2 id="trail-title">${t("trail", { n: incident.trail.length })}</h2>
    <ol>${incident.trail.map(({ alert, place, withdrawal }) => html`<li key=${alert.alert_id} class=${withdrawal ? "over" : ""}>
      <button type="button" aria-pressed=${String(alert.alert_id === shown)} onClick=${() => choose(alert.alert_id)}>
        <time>${clock(alert.read.captured_at_ms)} <small>${utc(alert.read.captured_at_ms)}</small></time>
        <span class="where">${place ?? alert.read.camera_id}</span>
        <${Plate} read=${alert.read.plate} wanted=${alert.wanted_plate} />
        <span class="sure ${alert.confirm ? "ask" : ""}">${t(withdrawal ? "withdrawn" : alert.confirm ? "confirm_first" : "exact")}</span>
      </button></li>`)}</ol>
  </section>`;
}
