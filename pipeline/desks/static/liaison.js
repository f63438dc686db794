// The liaison: which hits neighbours were told of and what became of it, why the others were not told, and the policies.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask, now } from "./api.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { Field } from "./form.js";
import { Hit, State } from "./liaison-hit.js";
import { Moment } from "./moments.js";
import { show } from "./page.js";
import { Policies } from "./policies.js";
import { Reasoned } from "./reason.js";
import { Table } from "./table.js";
import { clock, country, named, span, t } from "./words.js";

const LOOK_MS = 60_000; // each look is recorded, and counts as that many plates shown
const STATES = ["waiting", "sent", "acknowledged", "accepted", "stopped", "not_found", "refused", "expired", "recalled", "not_sent"];

function Liaison(props) {
  const sees = props.me.may.includes("alerts.see"), [tab, setTab] = useState(sees ? "messages" : "policies");
  return html`<h1>${t("screen.liaison")}</h1>
    ${sees && html`<div class="tabs">${["messages", "policies"].map((one) => html`<button type="button" aria-pressed=${String(one === tab)} onClick=${() => setTab(one)}>${t(`liaison.tab.${one}`)}</button>`)}</div>`}
    ${tab === "policies" ? html`<${Policies} ...${props} />` : html`<${Reasoned} me=${props.me}>${(headers) => html`<${Messages} ...${props} headers=${headers} />`}<//>`}`;
}

/** Of each hit a row for each country that it is shared with. */
function Messages({ headers, fail, keyed }) {
  const [hits, setHits] = useState(null), [after, setAfter] = useState(""), [opened, setOpened] = useState(location.hash.slice(1)), [state, setState] = useState(""), [atMs, setAt] = useState(0), [to, setTo] = useState("");
  const load = () => ask("GET", "/abroad", undefined, headers).then((page) => {
    setHits((known) => joined(page.items, known ?? []));
    setAt(page.at_ms);
    setAfter((cursor) => cursor || (page.next ?? ""));
  });
  useEffect(() => {
    load().catch(fail);
    let failed = false;
    const timer = setInterval(() => document.hidden || load().then(() => { failed = false; }, (error) => {
      if (!failed || error.status === 401) fail(error); // the same fault is told once
      failed = true;
    }), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  const older = () => ask("GET", `/abroad?cursor=${encodeURIComponent(after)}`, undefined, headers).then((page) => {
    setHits((known) => joined(known, page.items));
    setAfter(page.next ?? "");
  }).catch(fail);
  const choose = (id) => {
    history.replaceState(null, "", id ? `#${id}` : location.pathname);
    setOpened(id);
  };
  const again = () => load().catch(fail);
  keyed({ r: again });
  const rows = hits?.flatMap((hit) => hit.countries.map((one) => ({ hit, one, id: `${hit.alert.alert_id} ${one.country}` })));
  const shown = rows?.filter(({ one }) => (!state || one.state === state) && (!to || one.country === to));
  const countries = [...new Set(rows?.map(({ one }) => one.country))].sort();
  return html`<search class="filters">
      <${Field} name="state" title=${t("liaison.state")} value=${state} onInput=${setState} options=${[["", t("all")], ...STATES.map((one) => [one, t(`abroad.${one}`)])]} />
      <${Field} name="to" title=${t("liaison.to")} value=${to} onInput=${setTo} options=${[["", t("all")], ...countries.map((one) => [one, country(one)])]} />
      <button type="button" aria-keyshortcuts="r" onClick=${again}>${t("liaison.again")} <kbd>R</kbd></button>
      ${rows && html`<span class="soft">${t("liaison.count", { n: shown.length })}, ${t("liaison.as_of", { at: clock(atMs) })}</span>`}
    </search>
    <${Table} caption=${t("liaison.tab.messages")} rows=${shown ?? null} of=${(row) => row.id} empty=${t("liaison.none")} columns=${[
      { name: "plate", title: t("liaison.plate"), by: (row) => row.hit.alert.read.plate, cell: (row) => html`<button type="button" class="link mono" onClick=${() => choose(row.hit.alert.alert_id)}>${row.hit.alert.read.plate}</button>` },
      { name: "to", title: t("liaison.to"), by: (row) => country(row.one.country), cell: (row) => country(row.one.country) },
      { name: "state", title: t("liaison.state"), by: (row) => STATES.indexOf(row.one.state), cell: (row) => html`<${State} one=${row.one} />` },
      { name: "ends", title: t("liaison.ends"), class: "number", by: (row) => row.one.forward?.expires_at_ms ?? 0, cell: (row) => html`<${Left} one=${row.one} />` },
      { name: "captured", title: t("liaison.captured"), class: "when", by: (row) => row.hit.alert.read.captured_at_ms, cell: (row) => html`<${Moment} ms=${row.hit.alert.read.captured_at_ms} />` },
      { name: "place", title: t("liaison.place"), cell: (row) => row.one.forward?.place ?? row.hit.place ?? "" },
      { name: "list", title: t("lists"), by: (row) => row.hit.alert.hotlist, cell: (row) => named("hotlist", row.hit.alert.hotlist) },
    ]} />
    ${after && html`<button type="button" onClick=${older}>${t("liaison.older")}</button>`}
    <${Dialog} open=${Boolean(hits?.some((hit) => hit.alert.alert_id === opened))} wide title=${t("liaison.hit")} close=${() => choose("")}>
      <${Hit} hit=${hits?.find((hit) => hit.alert.alert_id === opened)} close=${() => choose("")} />
    <//>`;
}

/** How long a message still counts at the neighbour's. */
export function Left({ one }) {
  if (!one.forward || one.state === "not_sent") return "";
  const left = one.forward.expires_at_ms - now();
  return left > 0 ? span(left) : html`<span class="tag">${t("liaison.over")}</span>`;
}

/** Both lists, each hit once, with what the first says of it. */
function joined(first, second) {
  const known = new Set(first.map((hit) => hit.alert.alert_id));
  return [...first, ...second.filter((hit) => !known.has(hit.alert.alert_id))];
}

show("liaison", Liaison, [["R", "again"]]);
