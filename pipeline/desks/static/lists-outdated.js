// What dispatchers said of a list: its hits are not wanted any more. Whoever keeps the list removes or corrects the entry.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { html } from "./draw.js";
import { Moment } from "./moments.js";
import { Reasoned } from "./reason.js";
import { Table } from "./table.js";
import { t } from "./words.js";

export const Outdated = ({ list, me, fail }) => html`<p class="soft">${t("lists.outdated.why")}</p>
  <${Reasoned} me=${me}>${(headers) => html`<${Told} list=${list} headers=${headers} fail=${fail} />`}<//>`;

function Told({ list, headers, fail }) {
  const [told, setTold] = useState(/** @type {any[] | null} */ (null));
  useEffect(() => { ask("GET", `/lists/${list.list_id}/outdated`, undefined, headers).then(({ items }) => setTold(items), fail); }, []);
  return html`<${Table} caption=${t("lists.tab.outdated")} rows=${told} of=${(one) => `${one.entry_id} ${one.at_ms}`} empty=${t("lists.outdated.none")} begin="at" columns=${[
    { name: "entry", title: t("lists.entry"), by: (one) => one.entry_id, cell: (one) => html`<span class="mono">${one.entry_id}</span>` },
    { name: "plate", title: t("lists.plate"), by: (one) => one.plate, cell: (one) => html`<span class="mono">${one.plate}</span>` },
    { name: "at", title: t("lists.outdated.at"), class: "when", by: (one) => -one.at_ms, cell: (one) => html`<${Moment} ms=${one.at_ms} />` },
    { name: "desk", title: t("lists.outdated.desk"), by: (one) => one.desk ?? "", cell: (one) => one.desk ?? "" },
    { name: "note", title: t("lists.outdated.note"), cell: (one) => one.note ?? "" },
  ]} />`;
}
