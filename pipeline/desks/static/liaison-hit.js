// One hit as the liaison reads it: what each neighbour was told, in the reader's language, what it answered, or why it was told nothing.

import { now } from "./api.js";
import { html } from "./draw.js";
import { Moment } from "./moments.js";
import { country, has, heading, named, offence, span, t } from "./words.js";

const KINDS = { acknowledged: "good", sent: "ask", waiting: "ask", accepted: "good", stopped: "good", not_found: "ask", refused: "wrong", expired: "wrong", recalled: "", not_sent: "" };

/** What became of a message, in a word, with the reason where it was not sent. */
export const State = ({ one }) => html`<span class="tag ${KINDS[one.state]}">${t(`abroad.${one.state}`)}</span>${one.state === "not_sent" && one.reason ? html` <small>${t(`abroad.why.${one.reason}`)}</small>` : ""}`;

export function Hit({ hit, close }) {
  const { alert } = hit;
  return html`<dl class="facts">
      <dt>${t("liaison.plate")}</dt><dd class="mono">${alert.read.plate}${alert.read.country ? ` (${country(alert.read.country)})` : ""}</dd>
      <dt>${t("lists")}</dt><dd>${named("hotlist", alert.hotlist)}, ${offence(alert.category)}</dd>
      <dt>${t("liaison.captured")}</dt><dd><${Moment} ms=${alert.read.captured_at_ms} /> ${hit.place ?? ""}</dd>
      ${alert.case_reference && html`<dt>${t("liaison.case")}</dt><dd>${alert.case_reference}</dd>`}
      ${hit.withdrawal && html`<dt>${t("withdrawn")}</dt><dd>${reasonOf(hit.withdrawal)}, <${Moment} ms=${hit.withdrawal.at_ms} /></dd>`}
    </dl>
    ${hit.countries.map((one) => html`<section aria-label=${country(one.country)}>
      <h3>${country(one.country)} <${State} one=${one} /></h3>
      ${one.forward ? html`<${Message} one=${one} />` : one.state === "waiting" ? html`<p>${t("liaison.waits", { policy: one.policy_id })}</p>` : html`<p>${one.reason ? t(`abroad.cure.${one.reason}`) : t("liaison.unknown")}</p>`}
    </section>`)}
    ${recallable(hit) && html`<p class="hint">${t("liaison.recall.how")}</p>`}
    <p class="buttons"><button type="button" onClick=${close}>${t("close")}</button>
      ${recallable(hit) && html` <a href=${`/dispatch#${alert.incident_id}`}>${t("liaison.recall.where")}</a>`}</p>`;
}

/** Whether a neighbour has a message that still counts and was not taken back. */
const recallable = (hit) => hit.countries.some((one) => one.forward?.expires_at_ms > now() && !one.recall && !one.withdrawal);

function Message({ one }) {
  const { forward } = one, left = forward.expires_at_ms - now();
  const rows = [
    ["offence", offence(forward.offence_category)], ["do", named("action", forward.action)], ["sure", t("score", { percent: Math.floor(forward.confidence * 100) })],
    ["where", forward.place], ["way", forward.direction && t(`abroad.way.${forward.direction}`)], ["heading", forward.heading_deg == null ? null : heading(forward.heading_deg)],
    ["case", forward.case_reference], ["basis", forward.legal_basis], ["purpose", forward.purpose], ["handling", forward.handling_code], ["contact", forward.contact],
    ["policy", one.policy_id], ["created", html`<${Moment} ms=${forward.created_at_ms} />`],
    ["until", html`<${Moment} ms=${forward.expires_at_ms} /> ${left > 0 ? t("liaison.left", { span: span(left) }) : t("liaison.over")}`],
  ];
  return html`<dl class="facts">${rows.filter(([, value]) => value).map(([name, value]) => html`<dt>${t(`liaison.${name}`)}</dt><dd>${value}</dd>`)}</dl>
    <ul>
      ${(one.receipts ?? []).map((each) => html`<li>${t(`abroad.${each.later ?? each.outcome}`)}, <${Moment} ms=${each.decided_at_ms} />, ${t("liaison.attempts", { n: each.attempts ?? 1 })}${each.neighbour_reference ? `, ${t("liaison.reference", { reference: each.neighbour_reference })}` : ""}${each.detail ? html`<br /><small>${each.detail}</small>` : ""}</li>`)}
      ${!one.receipts?.length && one.state !== "recalled" && html`<li>${t("liaison.no_answer")}</li>`}
      ${one.withdrawal && html`<li>${t("liaison.recalled", { why: reasonOf(one.withdrawal) })} <${Moment} ms=${one.withdrawal.at_ms} /></li>`}
      ${(one.recall_receipts ?? []).map((each) => html`<li>${t(`liaison.recall.${each.outcome}`)}, <${Moment} ms=${each.decided_at_ms} />${each.detail ? html`<br /><small>${each.detail}</small>` : ""}</li>`)}
      ${one.recall && !one.recall_receipts?.length && html`<li>${t("liaison.recall.waits")}</li>`}
    </ul>`;
}

const reasonOf = (withdrawal) => (has(`withdrawn.${withdrawal.reason}`) ? t(`withdrawn.${withdrawal.reason}`) : withdrawal.reason.replaceAll("_", " "));

