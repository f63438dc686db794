// Searching the record, newest first, and taking what was found away.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { html } from "./draw.js";
import { Field, Form } from "./form.js";
import { Moment, moment, typed } from "./moments.js";
import { Table } from "./table.js";
import { has, named, t } from "./words.js";

const KINDS = ["login", "logout", "shift", "query", "picture", "export", "stream", "decision", "reference", "rights", "send", "servers", "record", "checkpoint"];
const MOST = 5000; // entries that are taken away at once
const FIELDS = ["at", "who", "role", "act", "what", "reason", "case_reference", "desk", "origin", "outcome", "count", "refusal", "access_id", "index"];

/** Words for a kind of entry. @param {string} kind */
export const kindOf = (kind) => named("entry", kind);

/** What was done, in words; what has none, as a command on the server, as it was recorded. whole: both. */
export function whatOf({ what }, whole = false) {
  const recorded = html`<code>${what}</code>`;
  if (!has(`what.${what}`)) return recorded;
  return html`${t(`what.${what}`)}${whole && html` <small>${recorded}</small>`}`;
}

/** Entries of the record as a table; a press shows one. @param {{items: any[] | null, read: (one: any) => void, empty: string, caption: string}} props */
export const Entries = ({ items, read, empty, caption }) => html`<${Table} caption=${caption} rows=${items} of=${(one) => one.access_id} empty=${empty} columns=${[
  { name: "at", title: t("record.at"), class: "when", by: (one) => one.index, cell: (one) => html`<button type="button" class="link" onClick=${() => read(one)}><${Moment} ms=${one.at_ms} /></button>` },
  { name: "who", title: t("record.who"), by: (one) => one.intent.who, cell: (one) => one.intent.who },
  { name: "act", title: t("record.act"), by: (one) => kindOf(one.intent.act), cell: (one) => kindOf(one.intent.act) },
  { name: "what", title: t("record.what"), cell: (one) => html`${whatOf(one.intent)}${one.intent.on?.length ? html` <small>${one.intent.on.join(", ")}</small>` : ""}` },
  { name: "reason", title: t("reason"), cell: (one) => one.intent.reason ?? html`<span class="soft">${t("none")}</span>` },
  { name: "case", title: t("record.case"), by: (one) => one.intent.case_reference ?? "", cell: (one) => one.intent.case_reference ?? "" },
  { name: "outcome", title: t("record.outcome"), by: (one) => one.outcome?.outcome ?? "", cell: (one) => html`<${Became} entry=${one} />` },
]} />`;

/** What became of it. A stream has an outcome only once it ends. */
export function Became({ entry: { intent, outcome } }) {
  if (!outcome) return intent.what?.startsWith("GET /stream") ? html`<span class="tag">${t("record.still_open")}</span>` : html`<span class="tag ask">${t("record.no_outcome")}</span>`;
  const kind = { answered: "good", refused: "ask", failed: "wrong" }[outcome.outcome] ?? "";
  const rule = outcome.refusal && has(`refused.${outcome.refusal}`) ? t(`refused.${outcome.refusal}`) : outcome.refusal;
  return html`<span class="tag ${kind}">${named("outcome", outcome.outcome)}${outcome.count == null ? "" : ` (${outcome.count})`}</span>${rule ? html` <small>${rule}</small>` : ""}`;
}

export function Search({ wanted, read, say, fail }) {
  const [asked, setAsked] = useState(null), [items, setItems] = useState(null), [after, setAfter] = useState("");
  const search = async (values) => {
    const body = Object.fromEntries(Object.entries({ who: values.who, act: values.act, case_reference: values.case, plate: values.plate?.toUpperCase().replace(/[^A-Z0-9]/g, ""),
      access_id: values.access_id, since_ms: moment(values.since), until_ms: moment(values.until) }).filter(([, value]) => value));
    const page = await ask("POST", "/record/search", body);
    setAsked(body);
    setItems(page.items);
    setAfter(page.next ?? "");
    return page.items;
  };
  useEffect(() => {
    const id = /^#(e-[0-9a-f]{24})$/.exec(location.hash)?.[1];
    search(id ? { access_id: id } : wanted).then((found) => id && found[0] && read(found[0]), fail);
  }, []);
  const older = () => ask("POST", "/record/search", { ...asked, cursor: after }).then((page) => {
    setItems([...items, ...page.items]);
    setAfter(page.next ?? "");
  }).catch(fail);
  return html`<${Form} class="filters" title=${t("record.search")} send=${search}>
      <${Field} name="who" title=${t("record.who")} value=${wanted.who ?? ""} maxlength="200" spellcheck="false" autocapitalize="none" />
      <${Field} name="act" title=${t("record.act")} value="" options=${[["", t("all")], ...KINDS.map((one) => [one, kindOf(one)])]} />
      <${Field} name="case" title=${t("record.case")} value="" maxlength="1000" />
      <${Field} name="plate" title=${t("record.plate")} value="" maxlength="20" spellcheck="false" />
      <${Field} name="since" title=${t("record.since")} value=${wanted.since_ms ? typed(wanted.since_ms) : ""} type="datetime-local" />
      <${Field} name="until" title=${t("record.until")} value=${wanted.until_ms ? typed(wanted.until_ms) : ""} type="datetime-local" />
    <//>
    <${Entries} items=${items} read=${read} caption=${t("screen.record")} empty=${t(after ? "record.none.here" : "record.none")} />
    <p class="buttons">${after && html`<button type="button" onClick=${older}>${t("record.older")}</button>`}
      ${items?.length > 0 && html`<button type="button" onClick=${() => taken(asked, say).catch(fail)}>${t("record.export")}</button>`}</p>`;
}

/** Save everything that the search finds, as a table for a spreadsheet. */
async function taken(body, say) {
  const rows = [];
  let cursor = "";
  do {
    const page = await ask("POST", "/record/search", { ...body, ...(cursor ? { cursor } : {}) });
    rows.push(...page.items);
    cursor = page.next ?? "";
  } while (cursor && rows.length < MOST);
  const lines = rows.map((one) => {
    const found = { ...one.intent, ...one.outcome, ...one, at: new Date(one.at_ms).toISOString(), outcome: one.outcome?.outcome };
    return FIELDS.map((name) => cell(found[name])).join(",");
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${FIELDS.join(",")}\r\n${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
  link.download = `record-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  say(() => t(cursor ? "record.exported.part" : "record.exported", { n: rows.length }));
}

/** A cell of CSV; what a spreadsheet would take for a formula begins with an apostrophe. */
function cell(value) {
  const text = String(value ?? "");
  return `"${(/^[=+\-@\t]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}
