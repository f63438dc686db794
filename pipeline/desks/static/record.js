// The record, for those who watch: who did what, samples, what audits elsewhere found, and whether anything was changed.

import { useState } from "./vendor/hooks.mjs";
import { html } from "./draw.js";
import { show } from "./page.js";
import { Check } from "./record-check.js";
import { Entry } from "./record-entry.js";
import { Search } from "./record-search.js";
import { Findings, Sample } from "./record-watch.js";
import { t } from "./words.js";

const TABS = { search: Search, sample: Sample, findings: Findings, check: Check };

function Record({ say, fail }) {
  const [tab, setTab] = useState("search"), [read, setRead] = useState(null), [wanted, setWanted] = useState({});
  const search = (filters) => {
    setWanted(filters);
    setRead(null);
    setTab("search");
  };
  const Shown = TABS[tab];
  return html`<h1>${t("screen.record")}</h1>
    <p class="soft">${t("record.why")}</p>
    <div class="tabs">${Object.keys(TABS).map((one) => html`<button type="button" aria-pressed=${String(one === tab)} onClick=${() => setTab(one)}>${t(`record.tab.${one}`)}</button>`)}</div>
    <${Shown} key=${JSON.stringify(wanted)} wanted=${wanted} read=${setRead} search=${search} say=${say} fail=${fail} />
    <${Entry} one=${read} close=${() => setRead(null)} search=${search} fail=${fail} />`;
}

show("record", Record);
