// One case: both ends side by side, the arithmetic step by step, the rule with its source, and what officers said.

import { html } from "./draw.js";
import { Moment } from "./moments.js";
import { noted } from "./notes.js";
import { Picture } from "./picture.js";
import { clock, day, has, language, named, t, utc } from "./words.js";

const ENDS = ["entry", "exit"];
const KEYS = { accepted: "A", rejected: "R", asked: "Q", noted: "N" };

/** @param {{docket: import("./docket.js").Docket, can: string[], does: Record<string, () => void>}} props */
export function CaseShown({ docket, can, does }) {
  const { opened, selected } = docket;
  if (!selected) return html`<section class="case none" aria-label=${t("case.one")}><p>${t(docket.cases?.length ? "case.choose" : "case.nothing")}</p></section>`;
  if (!opened) return html`<section class="case none" aria-label=${t("case.one")}><p role="status">${t("loading.it")}</p></section>`;
  const { violation: it, phase } = opened;
  return html`<section class="case" aria-labelledby="case-title">
    <button type="button" class="back" onClick=${() => docket.select("")}>${t("back")}</button>
    <h2 id="case-title" tabindex="-1"><span class="plate">${it.plate}</span> ${t("over", { corrected: it.corrected_kmh, limit: it.limit_kmh })}
      <span class="tag ${{ accepted: "good", asked: "ask", recalled: "wrong" }[phase] ?? ""}">${t(`case.phase.${phase}`)}</span></h2>
    <${TakenBack} one=${opened} docket=${docket} />
    ${phase === "asked" && html`<div class="told"><b>${t("asked.by", { who: opened.judged.steps.at(-1).who })}</b> “${opened.judged.steps.at(-1).note}”</div>`}
    <p class="soft">${t("section")} ${it.section_id} · <span class="mono">${it.violation_id}</span></p>
    <p class="buttons judging">${can.map((one) => html`<button type="button" class=${one === "accepted" || one === "noted" ? "go" : ""} aria-keyshortcuts=${KEYS[one].toLowerCase()} onClick=${does[one]}>${t(`do.${one}`)} <kbd>${KEYS[one]}</kbd></button>`)}${can.length > 0 && html` <b class="mono">${it.plate}</b>`}</p>
    <div class="ends">${ENDS.map((end) => html`<${End} key=${end} docket=${docket} one=${opened} end=${end} />`)}</div>
    ${(it.notes ?? []).length > 0 && html`<div class="told"><b>${t("look")}</b><ul>${it.notes.map(noted).filter(Boolean).map((words) => html`<li>${words}</li>`)}</ul></div>`}
    <${Workings} one=${opened} />
    <${Distance} it=${it} />
    <${Rule} one=${opened} />
    <${Said} one=${opened} />
  </section>`;
}

function TakenBack({ one: { withdrawal, phase, corrected_by: by }, docket }) {
  if (!withdrawal) return null;
  const accepted = phase === "recalled";
  return html`<div class="told ${accepted ? "wrong" : ""}" role="status"><p><b>${t(accepted ? "recalled.accepted" : "case.phase.withdrawn")}</b> <${Moment} ms=${withdrawal.at_ms} />: ${named("withdrawn", withdrawal.reason)}
    ${accepted && html`<br />${t("recalled.tell")}`}</p>
    ${by && html`<p>${t("corrected_by")} <button type="button" class="link mono" onClick=${() => docket.select(by)}>${by}</button></p>`}</div>`;
}

function End({ docket, one, end }) {
  const { violation: it } = one, read = it[end], place = one[`${end}_place`], stated = it[`${end}_clock`];
  const vehicle = [read.vehicle_class && read.vehicle_class !== "unknown" && named("class", read.vehicle_class), read.make, read.colour && named("colour", read.colour.toLowerCase())].filter(Boolean).join(", ");
  const sure = read.confidence_stated === false ? t("not_stated") : t("score", { percent: Math.floor(read.confidence * 100) });
  const others = (read.alternatives ?? []).slice(0, 3).map((other) => `${other.text} (${Math.round(other.probability * 100)} %)`).join(", ");
  const rows = [
    ["place", html`<b>${place ?? read.camera_id}</b>${place && html` <small>${read.camera_id}</small>`}`],
    ["captured", html`<b><${Exact} ms=${read.captured_at_ms} /></b> <small>${utc(read.captured_at_ms)}</small>`],
    ["read_as", html`<span class="plate">${read.plate}</span> ${read.country ?? ""} <small>${sure}</small>`],
    ["others", others],
    ["vehicle", vehicle || t("not_stated")],
    ["lane", read.lane ?? null],
    ["clock", clockWords(stated, read)],
  ];
  return html`<section class="end" aria-label=${t(`end.${end}`)}>
    <h3>${t(`end.${end}`)}</h3>
    ${["crop", "overview"].map((which) => html`<${Picture} key=${which} path=${read[which] ? `/violations/${it.violation_id}/pictures/${end}/${which}` : null} which=${which} plate=${read.plate} headers=${docket.because} />`)}
    <dl>${rows.filter(([, value]) => value !== null && value !== "").map(([name, value]) => html`<dt>${t(`end.${name}`)}</dt><dd>${value}</dd>`)}</dl>
  </section>`;
}

/** Day and time in Brussels, to the millisecond. */
const Exact = ({ ms }) => html`<time datetime=${new Date(ms).toISOString()}>${day(ms)} ${exact(ms)}</time>`;
const exact = (ms) => `${clock(ms)}${point()}${String(ms % 1000).padStart(3, "0")}`;
const point = () => (language === "en" ? "." : ",");
/** Figures as the reader's language writes them, with the signs of a sum. @param {string} text */
const figures = (text) => text.replaceAll(" x ", " × ").replaceAll(" / ", " ÷ ").replaceAll(" - ", " − ").replace(/(\d)\.(\d)/g, `$1${point()}$2`);

function clockWords(stated, read) {
  const doubt = read.time_doubt_ms ? `, ${t("clock.picture", { ms: figures(String(read.time_doubt_ms)) })}` : "";
  return t("clock", { source: has(`clock.${stated.source}`) ? t(`clock.${stated.source}`) : stated.source, error: figures(String(stated.worst_error_ms ?? 0)), age: Math.round((stated.sync_age_ms ?? 0) / 1000) }) + doubt;
}

function Workings({ one: { violation: it, workings } }) {
  const sums = { travel: `${exact(it.exit.captured_at_ms)} − ${exact(it.entry.captured_at_ms)}` };
  const travel = `${it.exit.captured_at_ms - it.entry.captured_at_ms} ms = ${figures(String((it.exit.captured_at_ms - it.entry.captured_at_ms) / 1000))} s`;
  return html`<section aria-labelledby="workings-title"><h3 id="workings-title">${t("workings")}</h3>
    ${!workings.rule && html`<p class="told wrong">${t("workings.no_rule", { rule: it.rule || "?", version: it.rule_version || "?" })}</p>`}
    <ol class="workings">${workings.steps.map(({ name, sum, result, agrees }) => html`<li class=${agrees === false ? "wrong" : ""}>
      <span>${t(`step.${name}`)}</span>
      <code>${sums[name] ?? figures(sum)} ${name === "whole" ? "≥" : "="} <b>${name === "travel" ? travel : figures(result)}</b></code>
      ${agrees === false && html`<b class="tag wrong">${t(name.endsWith("excess") ? "step.proves_nothing" : "step.differs")}</b>`}
    </li>`)}</ol>
    <p class="soft">${t("workings.why")}</p>
  </section>`;
}

function Distance({ it: { certificate, entry, exit, distance_m: metres } }) {
  const covers = [entry, exit].every((read) => certificate.valid_from_ms <= read.captured_at_ms && read.captured_at_ms < certificate.valid_until_ms);
  return html`<section aria-labelledby="distance-title"><h3 id="distance-title">${t("distance")}</h3><dl>
    <dt>${t("distance.metres")}</dt><dd><b>${figures(String(metres))} m</b></dd>
    <dt>${t("certificate")}</dt><dd><b>${certificate.number}</b></dd>
    <dt>${t("certificate.valid")}</dt><dd><${Moment} ms=${certificate.valid_from_ms} /> – <${Moment} ms=${certificate.valid_until_ms} /> <span class="tag ${covers ? "good" : "wrong"}">${t(covers ? "certificate.covers" : "certificate.covers_not")}</span></dd>
  </dl></section>`;
}

function Rule({ one: { violation: it, workings: { rule } } }) {
  return html`<section aria-labelledby="rule-title"><h3 id="rule-title">${t("rule")}</h3><dl>
    <dt>${t("rule.limit")}</dt><dd><b>${it.limit_kmh} km/h</b> <small>${it.vehicle_class === "unknown" ? "" : named("class", it.vehicle_class)}</small></dd>
    <dt>${t("rule.words")}</dt><dd>${rule ? html`${t("rule.takes", { kmh: rule.subtract_kmh, from: rule.from_kmh, percent: rule.subtract_percent })}${rule.least_excess_kmh > 1 ? ` ${t("rule.least", { kmh: rule.least_excess_kmh, limit: rule.least_excess_up_to_limit_kmh })}` : ""}` : html`<span lang="en">${it.tolerance}</span>`}</dd>
    ${rule && html`<dt>${t("rule.article")}</dt><dd lang="en">${rule.article}</dd>
      <dt>${t("rule.source")}</dt><dd><a href=${rule.source} rel="noreferrer noopener" target="_blank">${rule.source}</a></dd>
      <dt>${t("rule.since")}</dt><dd>${day(rule.in_force_from_ms)} <small class="mono">${rule.version}</small>${rule.read === "U" ? html` <span class="tag ask">${t("rule.unread")}</span>` : ""}</dd>`}
  </dl></section>`;
}

function Said({ one: { judged, violation } }) {
  return html`<section aria-labelledby="said-title"><h3 id="said-title">${t("said")}</h3>
    ${!judged?.steps?.length && html`<p class="soft">${t("said.none")}</p>`}
    <ol class="said">
      <li><${Moment} ms=${violation.decided_at_ms} /> <b>${t("said.decided")}</b></li>
      ${(judged?.steps ?? []).map((step) => html`<li><${Moment} ms=${step.at_ms} /> <b>${step.who}</b>: ${t(`verdict.${step.verdict}`)}${step.rejection ? `, ${t(`rejection.${step.rejection}`)}` : ""}${step.note ? html`<br />“${step.note}”` : ""}</li>`)}
    </ol>
  </section>`;
}
