// One entry's history: from when each version held, what changed, and which import brought it.

import { useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { html } from "./draw.js";
import { titled, told } from "./fields.js";
import { Field, Form } from "./form.js";
import { Moment } from "./moments.js";
import { Reasoned } from "./reason.js";
import { Table } from "./table.js";
import { t } from "./words.js";

export const Entry = ({ list, me }) => html`<${Reasoned} me=${me}>${(headers) => html`<${History} list=${list} headers=${headers} />`}<//>`;

function History({ list, headers }) {
  const [steps, setSteps] = useState(undefined);
  const find = async ({ id }) => {
    setSteps(undefined);
    const [{ versions }, { items }] = await Promise.all([ask("GET", `/hotlist/${encodeURIComponent(id)}/versions`, undefined, headers), ask("GET", `/lists/${list.list_id}/imports`)]);
    setSteps(versions.map((one, at) => ({ ...one, at, first: !versions[at - 1]?.item, changed: changed(versions[at - 1]?.item, one.item), brought: items.find((each) => each.holds_from_ms === one.arrived_at_ms) })).reverse());
  };
  return html`<${Form} class="filters" title=${t("lists.find")} send=${find}><${Field} name="id" title=${t("lists.entry")} pattern="[A-Za-z0-9._:\\-]{1,64}" maxlength="64" required spellcheck="false" /><//>
    ${steps && html`<${Table} caption=${t("lists.tab.entry")} rows=${steps} of=${(one) => String(one.at)} empty=${t("lists.same")} columns=${[
      { name: "since", title: t("lists.since"), class: "when", cell: (one) => html`<${Moment} ms=${one.holds_from_ms} />` },
      { name: "arrived", title: t("lists.arrived"), class: "when", cell: (one) => html`<${Moment} ms=${one.arrived_at_ms} />` },
      { name: "what", title: t("lists.change"), cell: (one) => (one.item ? one.changed.map(({ name, was, is }) => html`<div>${titled(name)}: ${one.first ? "" : html`${told(name, was)} → `}${told(name, is)}</div>`) : html`<span class="tag wrong">${t("lists.removed")}</span>`) },
      { name: "by", title: t("lists.by"), cell: (one) => (one.brought ? t("lists.brought", { version: one.brought.version, by: one.brought.by, source: one.brought.source }) : t("lists.single")) },
    ]} />`}`;
}

/** What the later version says otherwise, by field. */
function changed(before, after) {
  const names = Object.keys(after ? { ...before, ...after } : {}).filter((name) => name !== "holds_from_ms");
  return names.map((name) => ({ name, was: before?.[name], is: after[name] })).filter(({ was, is }) => JSON.stringify(was) !== JSON.stringify(is));
}
