// A policy is added or changed: tried on the hits of the last day first, then put before a second person.

import { useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { html } from "./draw.js";
import { Field, Form } from "./form.js";
import { Moment } from "./moments.js";
import { Table } from "./table.js";
import { named, t } from "./words.js";

const LISTS = ["national_wanted", "stolen", "sis", "no_insurance", "no_inspection", "ad_hoc"];
const WAYS = ["outbound", "inbound"], CHANNELS = ["bilateral", "sirene"], NAME = "[A-Za-z0-9._:\\-]{1,64}";
const MINUTE_MS = 60_000;

/** policy: as it is, without a policy_id: a new one. known: all that there are.
 * @param {{policy: any, known: any[], headers: Record<string, string>, say: (words: string) => void, done: () => void, cancel: () => void}} props */
export function Trial({ policy, known, headers, say, done, cancel }) {
  const [fault, setFault] = useState("");
  const [tried, setTried] = useState(null), [wanted, setWanted] = useState(null);
  const attempt = async (values) => {
    const form = new FormData(document.getElementById("trial"));
    const isKnown = !policy.policy_id && known.some((one) => one.policy_id === values.policy_id);
    setFault(isKnown ? t("policies.known") : "");
    setTried(null);
    if (isKnown) return;
    const changed = {
      ...policy, policy_id: policy.policy_id ?? values.policy_id, country: policy.country ?? values.country.toUpperCase(), directions: form.getAll("way"),
      handling_code: values.handling, channel: values.channel, treaty: values.treaty || undefined, lists: form.getAll("list"), zones: words(values.zones), everywhere: values.everywhere === "on", categories: words(values.categories),
      min_confidence: Number(values.confidence) / 100, per_case: values.per_case === "on", expires_after_ms: Number(values.minutes) * MINUTE_MS,
      legal_basis: values.basis, purpose: values.purpose, contact: values.contact,
    };
    delete changed.holds_from_ms;
    setTried(await ask("POST", "/policies/explain", { policy: changed }, headers));
    setWanted(changed);
  };
  const put = async ({ reason }) => {
    await ask("POST", "/approvals", { act: "policies.change", key: wanted.policy_id, content: JSON.stringify(wanted), reason });
    say(() => t("policies.asked"));
    done();
  };
  return html`<${Form} id="trial" title=${t("policies.try")} send=${attempt} cancel=${cancel}>
      ${!policy.policy_id && html`<${Field} name="policy_id" title=${t("policies.id")} hint=${t("policies.id.rule")} fault=${fault} pattern=${NAME} maxlength="64" required spellcheck="false" />
      <${Field} name="country" title=${t("policies.country")} hint=${t("policies.country.rule")} pattern="[A-Za-z]{2}" minlength="2" maxlength="2" required spellcheck="false" />`}
      <fieldset><legend>${t("lists")}</legend>${LISTS.map((one) => html`<label class="check"><input type="checkbox" name="list" value=${one} defaultChecked=${(policy.lists ?? []).includes(one)} /> ${named("hotlist", one)}</label>`)}</fieldset>
      <${Field} name="zones" title=${t("zones")} value=${(policy.zones ?? []).join(", ")} hint=${t("policies.comma")} />
      <label class="check"><input type="checkbox" name="everywhere" defaultChecked=${policy.everywhere} /> ${t("everywhere")}</label>
      <${Field} name="categories" title=${t("policies.categories")} value=${(policy.categories ?? []).join(", ")} hint=${t("policies.categories.rule")} />
      <fieldset><legend>${t("liaison.way")}</legend>${WAYS.map((one) => html`<label class="check"><input type="checkbox" name="way" value=${one} defaultChecked=${(policy.directions ?? []).includes(one)} /> ${t(`abroad.way.${one}`)}</label>`)}</fieldset>
      <p class="hint">${t("policies.way.rule")}</p>
      <${Field} name="confidence" title=${t("policies.confidence.percent")} value=${Math.round((policy.min_confidence ?? 0.8) * 100)} type="number" min="0" max="100" required />
      <label class="check"><input type="checkbox" name="per_case" defaultChecked=${policy.per_case} /> ${t("policies.per_case")}</label>
      <${Field} name="minutes" title=${t("policies.minutes")} value=${Math.round((policy.expires_after_ms ?? 3_600_000) / MINUTE_MS)} type="number" min="1" required />
      <${Field} name="channel" title=${t("policies.channel")} value=${policy.channel ?? "bilateral"} options=${CHANNELS.map((one) => [one, named("channel", one)])} />
      <${Field} name="treaty" title=${t("policies.treaty")} hint=${t("policies.treaty.rule")} value=${policy.treaty ?? ""} maxlength="64" spellcheck="false" />
      <${Field} name="handling" title=${t("liaison.handling")} value=${policy.handling_code ?? "police use only"} maxlength="1000" required />
      <${Field} name="basis" title=${t("liaison.basis")} value=${policy.legal_basis} maxlength="1000" required />
      <${Field} name="purpose" title=${t("liaison.purpose")} value=${policy.purpose} maxlength="1000" required />
      <${Field} name="contact" title=${t("liaison.contact")} value=${policy.contact} maxlength="1000" required />
    <//>
    ${tried && html`<p class="told" role="status">${t("policies.tried", { n: tried.looked_at, now: tried.now, then: tried.then })}</p>
      <${Table} caption=${t("policies.try")} rows=${tried.items} of=${(one) => one.alert_id} empty=${t("policies.same")} columns=${[
        { name: "plate", title: t("liaison.plate"), by: (one) => one.plate, cell: (one) => html`<span class="mono">${one.plate}</span>` },
        { name: "at", title: t("liaison.captured"), class: "when", by: (one) => one.captured_at_ms, cell: (one) => html`<${Moment} ms=${one.captured_at_ms} />` },
        { name: "place", title: t("liaison.place"), cell: (one) => one.place ?? "" },
        { name: "now", title: t("policies.now"), cell: (one) => said(one.now) },
        { name: "then", title: t("policies.then"), cell: (one) => said(one.then) },
      ]} />
      <${Form} title=${t("policies.ask")} send=${put}><${Field} name="reason" title=${t("reason")} minlength="8" maxlength="1000" required /><//>`}`;
}

const said = (reason) => html`<span class="tag ${reason ? "" : "good"}">${reason ? t(`abroad.why.${reason}`) : t("policies.sent")}</span>`;
const words = (text) => text.split(",").map((one) => one.trim()).filter(Boolean);
