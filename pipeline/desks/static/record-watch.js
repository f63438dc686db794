// Samples that another draws the same, and what audits elsewhere found: repeated targets, consultations outside any shift or case.

import { useState } from "./vendor/hooks.mjs";
import { ask, now } from "./api.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { Field, Form } from "./form.js";
import { Moment, moment, typed } from "./moments.js";
import { Entries } from "./record-search.js";
import { Table } from "./table.js";
import { t } from "./words.js";

const WEEK_MS = 7 * 86_400_000;
const seed = () => [...crypto.getRandomValues(new Uint8Array(8))].map((one) => one.toString(16).padStart(2, "0")).join("");
const Times = () => html`<${Field} name="since" title=${t("record.since")} value=${typed(now() - WEEK_MS)} type="datetime-local" required />
  <${Field} name="until" title=${t("record.until")} value=${typed(now() + 60_000)} type="datetime-local" required />`;

export function Sample({ read }) {
  const [drawn, setDrawn] = useState(null), [made, setMade] = useState(seed);
  const draw = async (values) => {
    const asked = { seed: values.seed, count: Number(values.count), since_ms: moment(values.since), until_ms: moment(values.until), ...(values.size ? { size: Number(values.size) } : {}) };
    setDrawn({ ...asked, ...await ask("POST", "/record/sample", asked) });
  };
  return html`<p>${t("record.sample.why")}</p>
    <${Form} class="filters" title=${t("record.sample.draw")} send=${draw}>
      <${Field} name="seed" title=${t("record.seed")} value=${made} pattern="[A-Za-z0-9_\\-]{8,64}" maxlength="64" required spellcheck="false" autocomplete="off" onInput=${setMade} />
      <${Field} name="count" title=${t("record.count")} value="20" type="number" min="1" max="100" required />
      <${Times} />
      <${Field} name="size" title=${t("record.size")} value="" type="number" min="0" />
    <//>
    ${drawn && html`<p class="told" role="status">${t("record.drawn", { seed: drawn.seed, n: drawn.items.length, among: drawn.among, since: typed(drawn.since_ms).replace("T", " "), until: typed(drawn.until_ms).replace("T", " "), size: drawn.size })}
      ${!drawn.whole && html` <strong>${t("record.part")}</strong>`}</p>
      <${Entries} items=${drawn.items} read=${read} caption=${t("record.tab.sample")} empty=${t("record.none")} />`}`;
}

export function Findings({ read, search }) {
  const [found, setFound] = useState(null), [opened, setOpened] = useState(null);
  const look = async (values) => setFound(await ask("POST", "/record/findings",
    { since_ms: moment(values.since), until_ms: moment(values.until), times: Number(values.times), days: Number(values.days) }));
  const who = { name: "who", title: t("record.who"), by: (one) => one.who, cell: (one) => html`<button type="button" class="link" onClick=${() => setOpened(one)}>${one.who}</button>` };
  const last = { name: "last", title: t("record.last"), class: "when", by: (one) => one.last_ms, cell: (one) => html`<${Moment} ms=${one.last_ms} />` };
  const count = { name: "count", title: t("record.times"), class: "number", by: (one) => one.count, cell: (one) => one.count };
  return html`<p>${t("record.findings.why")}</p>
    <${Form} class="filters" title=${t("record.findings.look")} send=${look}>
      <${Times} />
      <${Field} name="times" title=${t("record.from_times")} value="5" type="number" min="2" max="1000" required />
      <${Field} name="days" title=${t("record.from_days")} value="3" type="number" min="1" max="366" required />
    <//>
    ${found && html`<p class="soft" role="status">${t("record.among", { n: found.among })}${!found.whole && html` <strong>${t("record.part")}</strong>`}</p>
      <h2>${t("record.targets")}</h2>
      <${Table} caption=${t("record.targets")} rows=${found.targets} of=${(one) => one.who + one.subject} empty=${t("record.targets.none")} columns=${[
        who, { name: "subject", title: t("record.subject"), cell: (one) => html`<code>${one.subject.slice(0, 16)}…</code>` }, count,
        { name: "days", title: t("record.days"), class: "number", by: (one) => one.days, cell: (one) => one.days },
        { name: "cases", title: t("record.cases"), class: "number", by: (one) => one.cases, cell: (one) => one.cases }, last,
      ]} />
      <h2>${t("record.outside")}</h2>
      <${Table} caption=${t("record.outside")} rows=${found.outside} of=${(one) => one.who} empty=${t("record.outside.none")} columns=${[
        who, count, { name: "of", title: t("record.of_all"), class: "number", by: (one) => one.of, cell: (one) => one.of }, last,
      ]} />`}
    <${Dialog} open=${opened !== null} wide title=${opened?.who ?? ""} close=${() => setOpened(null)}>
      <${Entries} items=${opened?.entries ?? []} read=${(one) => { setOpened(null); read(one); }} caption=${t("record.tab.findings")} empty=${t("record.none")} />
      <p class="buttons"><button type="button" onClick=${() => search({ who: opened.who })}>${t("record.same_person")}</button>
        <button type="button" onClick=${() => setOpened(null)}>${t("close")}</button></p>
    <//>`;
}
