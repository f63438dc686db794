// One camera: what is wrong, what it sends against what is usual, its clock, who sends for it, and its last pictures.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { Given } from "./cameras-given.js";
import { Passages } from "./cameras-passages.js";
import { html } from "./draw.js";
import { howOf, STATES, stateOf, WORST } from "./fleet.js";
import { Moment } from "./moments.js";
import { Reasoned } from "./reason.js";
import { told } from "./trouble.js";
import { clock, heading, named, t } from "./words.js";

/** @param {{one: import("./fleet.js").Shown, me: any, say: (words: string) => void, fail: (error: any) => void, named: (zone: string) => string, changed: () => Promise<void>, close: () => void}} props */
export function Camera({ one, me, say, fail, named: zone, changed, close }) {
  const { camera } = one, id = camera.camera_id;
  const [page, setPage] = useState(/** @type {any} */ (null)), [given, setGiven] = useState(/** @type {any} */ (null)), [looking, setLooking] = useState(false);
  const load = () => ask("GET", `/camera-health/${id}`).then(setPage, fail);
  useEffect(() => { load(); }, [id]);
  const put = (state) => ask("POST", "/camera-states", { cameras: [id], state }).then(() => {
    say(() => t("cameras.wave.done", { n: 1, to: t(`camera.state.${state}`) }));
    return Promise.all([load(), changed()]);
  }).catch(fail);
  const secret = () => ask("POST", `/camera-secrets/${id}`).then((said) => { setGiven(said); return load(); }).catch(fail);
  const end = () => ask("DELETE", `/camera-secrets/${id}`).then(() => { say(() => t("cameras.secret.ended")); return load(); }).catch(fail);
  const state = page ? stateOf(page.shown) : stateOf(one), speaker = page?.speaker;
  return html`<p><span class="mono">${id}</span> <span class="tag ${{ active: "good", on_trial: "ask" }[state] ?? ""}">${t(`camera.state.${state}`)}</span></p>
    <${Troubles} one=${page?.shown ?? one} />
    ${page?.usual && html`<${Rates} usual=${page.usual} />`}
    <h3>${t("cameras.facts")}</h3>
    <${Facts} one=${one} page=${page} zone=${zone} />
    ${one.mine && html`<h3>${t("cameras.state")}</h3>
      <p class="buttons">${STATES.filter((each) => each !== state).map((each) => html`<button type="button" onClick=${() => put(each)}>${t(`camera.to.${each}`)}</button>`)}</p>`}
    ${one.mine && speaker && !speaker.port && html`<h3>${t("cameras.secret")}</h3>
      <p class="soft">${t("cameras.secret.why", { n: speaker.secrets.length })}</p>
      <p class="buttons"><button type="button" onClick=${secret}>${t("cameras.secret.new")}</button>
        ${speaker.secrets.length > 1 && html`<button type="button" onClick=${end}>${t("cameras.secret.end")}</button>`}</p>`}
    ${me.may.includes("cameras.look") && one.mine && html`<h3>${t("cameras.passages")}</h3>
      ${looking ? html`<${Reasoned} me=${me}>${(headers) => html`<${Passages} id=${id} headers=${headers} />`}<//>`
        : html`<p class="buttons"><button type="button" onClick=${() => setLooking(true)}>${t("cameras.passages.look")}</button></p>`}`}
    <p class="buttons"><button type="button" onClick=${close}>${t("close")}</button></p>
    <${Given} given=${given} close=${() => setGiven(null)} />`;
}

function Troubles({ one }) {
  const troubles = [...(one.troubles ?? [])].sort((a, b) => WORST.indexOf(a.kind) - WORST.indexOf(b.kind)), how = howOf(one);
  if (!troubles.length) return html`<p class="told">${t(`cameras.how.${how}`)}${how === "never" ? `: ${t("cameras.never.cure")}` : ""}</p>`;
  return html`<ul class="found">${troubles.map((each) => html`<li class="told wrong"><b>${t(`trouble.${each.kind}`)}</b>: ${told(each)}. <${Moment} ms=${each.since_ms} /><br />${t(`trouble.cure.${each.kind}`)}</li>`)}</ul>`;
}

function Facts({ one: { camera, zones, province }, page, zone }) {
  const { usual, speaker } = page ?? {}, statement = camera.clock_statement;
  const rows = [
    [t("cameras.place"), [province?.name, ...(zones ?? []).map(zone)].filter(Boolean).join(", ")], [t("cameras.network"), named("network", camera.network)],
    [t("cameras.sees"), camera.sees && t(`cameras.sees.${camera.sees}`)], [t("cameras.heading"), camera.heading_deg != null && heading(camera.heading_deg)],
    [t("cameras.purposes"), page && (page.purposes?.length ? page.purposes.map((each) => named("purpose", each)).join(", ") : t("cameras.purposes.none"))],
    [t("cameras.quality"), usual?.confidence != null && t("score", { percent: Math.round(usual.confidence * 100) })],
    [t("cameras.last"), usual?.last_ms && html`<${Moment} ms=${usual.last_ms} />`],
    [t("cameras.clock"), usual?.delay_s != null && t("cameras.clock.delay", { s: usual.delay_s.toFixed(1) })],
    [t("cameras.clock.statement"), statement && html`${statement.number} <small>${t("until")} <${Moment} ms=${statement.valid_until_ms} /></small>`],
    [t("cameras.speaker"), page && (speaker ? html`<span class="mono">${speaker.sender_id}</span> <small>${said(speaker)}</small>` : t("cameras.speaker.none"))],
    [t("cameras.contact"), camera.contact],
  ];
  return html`<dl>${rows.filter(([, value]) => value).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** How its sender sends, in words. */
function said(speaker) {
  return [speaker.cameras > 1 && t("cameras.speaker.of", { n: speaker.cameras }), speaker.port && t("cameras.speaker.port", { port: speaker.port }), speaker.by_address && t("cameras.by_address"),
    speaker.zone && `${t("cameras.clock.zone")}: ${speaker.zone}`, speaker.utc_is_local && t("cameras.clock.utc"), speaker.offset_is_wrong && t("cameras.clock.offset")].filter(Boolean).join("; ");
}

const HOUR_MS = 3_600_000, TALL = 90, WIDE = 24;

/** Reads of the last hours, against what is usual then: bars, and the same as a table. */
function Rates({ usual: { found, usual, until_ms: until, known_hours: known } }) {
  const expected = usual ?? [], sent = [...Array(Math.max(0, expected.length - (found ?? []).length)).fill(null), ...(found ?? [])];
  const most = Math.max(1, ...expected.map(Number), ...sent.map(Number));
  const tall = (count) => Math.round((Number(count) / most) * TALL);
  const hour = (at) => clock(until - (expected.length - at) * HOUR_MS).slice(0, 5), last = sent.at(-1);
  return html`<h3>${t("cameras.rate")}</h3>
    <p class="soft">${last === null || last === undefined ? t("cameras.rate.unknown") : t("cameras.rate.last", { found: last, usual: expected.at(-1) == null ? "?" : Math.round(expected.at(-1)) })} ${known < 24 ? t("cameras.rate.learning", { n: known }) : ""}</p>
    <svg class="rates" viewBox="0 0 ${expected.length * WIDE} ${TALL + 14}" aria-hidden="true">
      ${expected.map((count, at) => html`<g>
        ${count != null && html`<rect class="usual" x=${at * WIDE + 2} y=${TALL - tall(count)} width=${WIDE - 4} height=${tall(count)} />`}
        ${sent[at] != null && html`<rect class="found" x=${at * WIDE + 7} y=${TALL - tall(sent[at])} width=${WIDE - 14} height=${tall(sent[at])} />`}
        ${at % 4 === 0 && html`<text x=${at * WIDE + 2} y=${TALL + 12}>${hour(at)}</text>`}</g>`)}
    </svg>
    <details><summary>${t("cameras.rate.table")}</summary><table><thead><tr><th scope="col">${t("cameras.rate.hour")}</th><th scope="col">${t("cameras.rate.found")}</th><th scope="col">${t("cameras.rate.usual")}</th></tr></thead>
      <tbody>${expected.map((count, at) => html`<tr><th scope="row">${hour(at)}</th><td>${sent[at] ?? "–"}</td><td>${count == null ? "–" : Math.round(count)}</td></tr>`)}</tbody></table></details>`;
}
