// The versions of a list, what differs between two, and the way back to one.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { titled, told } from "./fields.js";
import { Form } from "./form.js";
import { Moment } from "./moments.js";
import { Reasoned } from "./reason.js";
import { Table } from "./table.js";
import { t } from "./words.js";

const MARKS = { added: "good", changed: "ask", removed: "wrong" };

export function Versions({ list, me, say, fail, changed }) {
  const [all, setAll] = useState(null), [older, setOlder] = useState(null), [back, setBack] = useState(null);
  const load = () => ask("GET", `/lists/${list.list_id}/imports`).then(({ items }) => setAll(items), fail);
  useEffect(() => { load(); }, []);
  const goBack = async () => {
    const made = await ask("POST", `/lists/${list.list_id}/rollback`, { version: back.version });
    setBack(null);
    say(() => t("lists.gone_back", { version: back.version, now: made.version }));
    load();
    changed();
  };
  return html`<${Table} caption=${t("lists.tab.versions")} rows=${all} of=${(one) => String(one.version)} empty=${t("lists.versions.none")} columns=${[
      { name: "version", title: t("lists.version"), class: "number", by: (one) => one.version, cell: (one) => one.version },
      { name: "since", title: t("lists.since"), class: "when", by: (one) => one.holds_from_ms, cell: (one) => html`<${Moment} ms=${one.holds_from_ms} />` },
      { name: "kind", title: t("lists.how"), by: (one) => one.kind, cell: (one) => html`${t(`refresh.${one.kind}`)}<br /><small>${one.source}</small>` },
      { name: "by", title: t("lists.by"), by: (one) => one.by, cell: (one) => one.by },
      { name: "added", title: t("lists.added"), class: "number", by: (one) => one.added, cell: (one) => one.added },
      { name: "changed", title: t("lists.changed"), class: "number", by: (one) => one.changed, cell: (one) => one.changed },
      { name: "removed", title: t("lists.removed"), class: "number", by: (one) => one.removed, cell: (one) => one.removed },
      { name: "do", title: t("lists.do"), cell: (one) => one.version !== all[0]?.version && html`<button type="button" onClick=${() => setOlder(one)}>${t("lists.compare")}</button>
        ${me.may.includes("hotlist.change") && html` <button type="button" onClick=${() => setBack(one)}>${t("lists.back")}</button>`}` },
    ]} />
    <${Dialog} open=${older !== null} wide title=${t("lists.since_version", { version: older?.version ?? "" })} close=${() => setOlder(null)}>
      <${Reasoned} me=${me}>${(headers) => html`<${Differences} list=${list} older=${older} headers=${headers} fail=${fail} />`}<//>
      <p class="buttons"><button type="button" onClick=${() => setOlder(null)}>${t("close")}</button></p>
    <//>
    <${Dialog} open=${back !== null} title=${t("lists.back.to", { version: back?.version ?? "" })} close=${() => setBack(null)}>
      <p>${t("lists.back.why")}</p><${Form} title=${t("lists.back")} send=${goBack} cancel=${() => setBack(null)} />
    <//>`;
}

function Differences({ list, older, headers, fail }) {
  const [said, setSaid] = useState(null);
  useEffect(() => { ask("GET", `/lists/${list.list_id}/differences?older=${older.version}`, undefined, headers).then(setSaid, fail); }, []);
  return html`${said && html`<p>${t("lists.differs", { added: said.added, changed: said.changed, removed: said.removed })}</p>`}
    <${Table} caption=${t("lists.compare")} rows=${said?.items ?? null} of=${(one) => one.entry_id} empty=${t("lists.same")} columns=${[
      { name: "id", title: t("lists.entry"), by: (one) => one.entry_id, cell: (one) => html`<span class="mono">${one.entry_id}</span>` },
      { name: "plate", title: t("lists.plate"), cell: (one) => html`<span class="mono">${(one.after ?? one.before).plate}</span>` },
      { name: "change", title: t("lists.change"), by: (one) => one.change, cell: (one) => html`<span class="tag ${MARKS[one.change]}">${t(`lists.${one.change}`)}</span>` },
      { name: "fields", title: t("lists.fields"), cell: (one) => (one.fields ?? []).map((name) => html`<div>${titled(name)}: ${told(name, one.before[name])} → ${told(name, one.after[name])}</div>`) },
    ]} />`;
}
