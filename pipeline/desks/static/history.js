// Who did what when about an incident, and what neighbours answered.

import { html } from "./draw.js";
import { clock, t, utc } from "./words.js";

/** @param {{shown: import("./story.js").Shown | null, me: {user_id: string}, desks: Array<{desk_id: string, name: string}>}} props */
export function History({ shown, me, desks }) {
  if (!shown) return null;
  const name = (id) => desks.find((one) => one.desk_id === id)?.name ?? id;
  const steps = [...(shown.steps ?? [])].reverse();
  const two = shown.copied && `${clock(shown.copied.first_ms)} / ${clock(shown.copied.second_ms)}`;
  return html`${two && html`<p class="note" role="note">${t("copied", { two })}</p>`}<${Answers} answers=${shown.answers ?? []} />
    ${steps.length > 0 && html`<section class="steps" aria-labelledby="steps-title">
      <h2 id="steps-title">${t("steps")}</h2>
      <ol>${steps.map((one) => html`<li key=${one.number} class=${one.undone_by ? "undone" : ""}>
        <time datetime=${new Date(one.at_ms).toISOString()}>${clock(one.at_ms)} <small>${utc(one.at_ms)}</small></time>
        <b>${t(done(one))}</b>
        <span>${[by(one, me, name), about(one, name), one.undone_by && t("undone_later")].filter(Boolean).join(" · ")}</span>
      </li>`)}</ol>
    </section>`}`;
}

/** The word for what a step did. */
function done(step) {
  if (step.forward_id) return step.recall ? "did.not_recalled" : "did.unanswered";
  return step.did === "alarmed" && !step.desk ? "did.everybody" : `did.${step.did}`;
}

function by(step, me, name) {
  if (!step.role) return "";
  const who = step.who === me.user_id ? t("who.you") : step.who;
  return step.desk ? `${who} (${name(step.desk)})` : who;
}

function about(step, name) {
  return [
    step.did === "alarmed" && step.desk && name(step.desk),
    step.to_country,
    step.left && t("left"),
    step.dismissal && t(`dismissal.${step.dismissal}`),
    step.ending && t(`ending.${step.ending}`),
    step.plate && `${step.plate}${step.plate_country ? ` ${step.plate_country}` : ""}`,
    step.to_desk && `→ ${name(step.to_desk)}`,
    step.note,
  ].filter(Boolean).join(" · ");
}

function Answers({ answers }) {
  if (!answers.length) return null;
  return html`<section class="steps" aria-labelledby="answers-title">
    <h2 id="answers-title">${t("answers")}</h2>
    <ol>${[...answers].reverse().map((one) => html`<li key=${`${one.forward_id}${one.outcome}${one.later}`} class="answer ${one.outcome}">
      <time datetime=${new Date(one.at_ms).toISOString()}>${clock(one.at_ms)} <small>${utc(one.at_ms)}</small></time>
      <b>${one.to_country}: ${t(`answer.${one.later ?? one.outcome}`)}</b>
      <span>${[one.reference, one.detail].filter(Boolean).join(" · ")}</span>
    </li>`)}</ol>
  </section>`;
}
