// A table that can be sorted by its headings; on a phone each row is a card.

import { useState } from "./vendor/hooks.mjs";
import { html } from "./draw.js";
import { t } from "./words.js";

/** @typedef {{name: string, title: string, cell: (row: any) => any, by?: (row: any) => string | number, class?: string}} Column
 *  by: what rows are sorted by; without it, this column sorts nothing. */

/**
 * caption: what it is, for those who hear it. rows: null while they are loaded. empty: the words where there are none. of: a row's key.
 * chosen: the key of the row that is open. most: rows that are drawn at most; how many more there are is told.
 * @param {{caption: string, columns: Column[], rows: any[] | null, of: (row: any) => string, empty: string, chosen?: string, begin?: string, most?: number}} props
 */
export function Table({ caption, columns, rows, of, empty, chosen, begin = "", most = Infinity }) {
  const [order, setOrder] = useState({ name: begin, down: false });
  if (rows === null) return html`<p class="none" role="status">${t("loading.it")}</p>`;
  if (!rows.length) return html`<p class="none">${empty}</p>`;
  const sorting = columns.find((one) => one.name === order.name && one.by);
  const turn = (name) => setOrder({ name, down: order.name === name && !order.down });
  return html`<div class="tabled" tabindex="0" role="region" aria-label=${caption}><table>
    <caption class="hidden">${caption}</caption>
    <thead><tr>${columns.map((one) => html`<th scope="col" class=${one.class} aria-sort=${one === sorting ? (order.down ? "descending" : "ascending") : undefined}>
      ${one.by ? html`<button type="button" onClick=${() => turn(one.name)}>${one.title}<span aria-hidden="true">${one === sorting ? (order.down ? " ▼" : " ▲") : ""}</span></button>` : one.title}</th>`)}</tr></thead>
    <tbody>${sorted(rows, sorting, order.down).slice(0, most).map((row) => html`<tr key=${of(row)} class=${of(row) === chosen ? "chosen" : ""}>
      ${columns.map((one, at) => (at ? html`<td class=${one.class} data-title=${one.title}>${one.cell(row)}</td>` : html`<th scope="row" class=${one.class}>${one.cell(row)}</th>`))}</tr>`)}</tbody>
  </table></div>${rows.length > most && html`<p class="soft">${t("table.more", { n: rows.length - most })}</p>`}`;
}

function sorted(rows, column, down) {
  if (!column) return rows;
  const compare = (one, other) => (typeof one === "number" ? one - Number(other) : String(one).localeCompare(String(other)));
  return [...rows].sort((one, other) => compare(column.by(one), column.by(other)) * (down ? -1 : 1));
}
