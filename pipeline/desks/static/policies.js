// What may be forwarded to which neighbour: each policy, in the reader's language.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask, every } from "./api.js";
import { Dialog } from "./dialog.js";
import { Field, Form } from "./form.js";
import { html } from "./draw.js";
import { Moment } from "./moments.js";
import { Trial } from "./policies-trial.js";
import { Reasoned } from "./reason.js";
import { Table } from "./table.js";
import { country, named, span, t } from "./words.js";

export function Policies({ me, say, fail }) {
  const [all, setAll] = useState(null), [opened, setOpened] = useState(null), [versions, setVersions] = useState([]), [trying, setTrying] = useState(""); // "change", "remove", or nothing of them
  useEffect(() => { every("/policies").then(setAll, fail); }, []);
  const open = (one) => {
    setOpened(one);
    setTrying("");
    setVersions([]);
    ask("GET", `/policies/${one.policy_id}/versions`).then((said) => setVersions([...said.versions].reverse()), fail);
  };
  const create = () => {
    setOpened({});
    setTrying("change");
    setVersions([]);
  };
  const remove = async ({ reason }) => {
    await ask("POST", "/approvals", { act: "policies.change", key: opened.policy_id, reason });
    say(() => t("policies.asked"));
    setOpened(null);
  };
  const changes = me.may.includes("policies.change"), tries = changes && me.may.includes("alerts.see");
  return html`<p class="soft">${t("policies.why")}</p>
    ${tries && html`<p class="buttons"><button type="button" onClick=${create}>${t("policies.new")}</button></p>`}
    <${Table} caption=${t("liaison.tab.policies")} rows=${all} of=${(one) => one.policy_id} empty=${t("policies.none")} begin="to" columns=${[
      { name: "id", title: t("liaison.policy"), by: (one) => one.policy_id, cell: (one) => html`<button type="button" class="link mono" onClick=${() => open(one)}>${one.policy_id}</button>` },
      { name: "to", title: t("liaison.to"), by: (one) => country(one.country), cell: (one) => country(one.country) },
      { name: "lists", title: t("lists"), cell: (one) => one.lists.map((each) => named("hotlist", each)).join(", ") },
      { name: "where", title: t("zones"), cell: (one) => where(one) },
      { name: "purpose", title: t("liaison.purpose"), cell: (one) => one.purpose },
      { name: "ends", title: t("policies.counts"), class: "number", by: (one) => one.expires_after_ms ?? 3_600_000, cell: (one) => span(one.expires_after_ms ?? 3_600_000) },
    ]} />
    <${Dialog} open=${opened !== null} wide title=${!opened ? "" : opened.policy_id ? `${opened.policy_id}: ${country(opened.country)}` : t("policies.new")} close=${() => setOpened(null)}>
      ${opened && (trying === "change" ? html`<${Reasoned} me=${me}>${(headers) => html`<${Trial} policy=${opened} known=${all ?? []} headers=${headers} say=${say} done=${() => setOpened(null)} cancel=${() => (opened.policy_id ? setTrying("") : setOpened(null))} />`}<//>`
      : trying === "remove" ? html`<p>${t("policies.remove.why")}</p><${Form} title=${t("policies.ask")} send=${remove} cancel=${() => setTrying("")}><${Field} name="reason" title=${t("reason")} minlength="8" maxlength="1000" required /><//>` : html`<${Facts} one=${opened} />
        <h3>${t("policies.versions")}</h3>
        <ul>${versions.map((one) => html`<li><${Moment} ms=${one.holds_from_ms} />: ${one.item ? t("policies.version") : t("policies.removed")}</li>`)}</ul>
        <p class="buttons">${tries && html`<button type="button" class="go" onClick=${() => setTrying("change")}>${t("policies.change")}</button>`}
          ${changes && html`<button type="button" onClick=${() => setTrying("remove")}>${t("policies.remove")}</button>`}
          <button type="button" onClick=${() => setOpened(null)}>${t("close")}</button></p>`)}
    <//>`;
}

const where = (one) => (one.zones?.length ? one.zones.join(", ") : one.everywhere ? t("everywhere") : t("none"));

function Facts({ one }) {
  const rows = [
    [t("lists"), one.lists.map((each) => named("hotlist", each)).join(", ")], [t("policies.categories"), one.categories?.length ? one.categories.map((each) => named("offence", each.toLowerCase().replaceAll(" ", "_"))).join(", ") : t("all")],
    [t("zones"), where(one)], [t("liaison.way"), one.directions?.length ? one.directions.map((each) => t(`abroad.way.${each}`)).join(", ") : t("all")],
    [t("policies.confidence"), t("score", { percent: Math.floor((one.min_confidence ?? 0.8) * 100) })], [t("policies.per_case"), t(one.per_case ? "yes" : "no")],
    [t("policies.counts"), span(one.expires_after_ms ?? 3_600_000)], [t("liaison.basis"), one.legal_basis], [t("policies.treaty"), one.treaty], [t("liaison.purpose"), one.purpose],
    [t("liaison.handling"), one.handling_code ?? "police use only"], [t("policies.channel"), named("channel", one.channel ?? "bilateral")], [t("liaison.contact"), one.contact],
  ];
  return html`<dl>${rows.filter(([, value]) => value).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}
