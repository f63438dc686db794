// Lists of wanted plates: how fresh each is, a file checked and imported, versions and what differs, the way back, one entry's history.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { html } from "./draw.js";
import { Entry } from "./lists-entry.js";
import { Import } from "./lists-import.js";
import { Outdated } from "./lists-outdated.js";
import { Versions } from "./lists-versions.js";
import { show } from "./page.js";
import { Table } from "./table.js";
import { named, span, t } from "./words.js";

function Lists({ me, say, fail, keyed }) {
  const [all, setAll] = useState(null), [chosen, setChosen] = useState(location.hash.slice(1).split("/")[0]), [tab, setTab] = useState("versions");
  const load = () => ask("GET", "/lists").then(({ items }) => setAll(items), fail);
  useEffect(() => { load(); }, []);
  const choose = (id) => {
    history.replaceState(null, "", id ? `#${id}` : location.pathname);
    setChosen(id);
  };
  keyed({ r: load });
  const one = all?.find((each) => each.item.list_id === chosen);
  const tabs = ["versions", ...(me.may.includes("hotlist.change") ? ["file"] : []), "entry", "outdated"];
  const stale = (all ?? []).filter((each) => each.stale).length, told = (all ?? []).filter((each) => each.outdated).length;
  const see = (id) => { choose(id); setTab("outdated"); };
  return html`<h1>${t("screen.lists")}</h1>
    ${(stale > 0 || told > 0) && html`<p class="told wrong" role="status">${stale > 0 && t("lists.stale.n", { n: stale })} ${told > 0 && t("lists.outdated.n", { n: told })}</p>`}
    <${Table} caption=${t("screen.lists")} rows=${all} of=${(each) => each.item.list_id} chosen=${chosen} empty=${t("lists.none")} begin="state" columns=${[
      { name: "id", title: t("lists.list"), by: (each) => each.item.name, cell: (each) => html`<button type="button" class="link" onClick=${() => choose(each.item.list_id)}>${each.item.name}</button> <small class="mono">${each.item.list_id}</small>` },
      { name: "kind", title: t("lists.kind"), by: (each) => named("hotlist", each.item.hotlist), cell: (each) => named("hotlist", each.item.hotlist) },
      { name: "owner", title: t("lists.owner"), by: (each) => each.item.owner, cell: (each) => html`${each.item.owner}<br /><small>${each.item.authority}</small>` },
      { name: "age", title: t("lists.age"), class: "number", by: (each) => each.age_ms, cell: (each) => (each.last ? t("ago", { span: span(each.age_ms) }) : t("lists.never")) },
      { name: "state", title: t("lists.state"), by: (each) => `${each.stale ? 0 : each.outdated ? 1 : 2} ${each.item.name}`, cell: (each) => html`<span class="tag ${each.stale ? "wrong" : "good"}">${each.stale ? t("lists.stale", { span: span(each.item.refresh_every_ms ?? 86_400_000) }) : t("lists.fresh")}</span>` },
      { name: "outdated", title: t("lists.outdated"), class: "number", by: (each) => -(each.outdated ?? 0), cell: (each) => (each.outdated ? html`<button type="button" class="link" onClick=${() => see(each.item.list_id)}>${t("lists.outdated.times", { n: each.outdated })}</button>` : "") },
    ]} />
    ${one && html`<h2>${one.item.name}</h2>
      <div class="tabs">${tabs.map((each) => html`<button type="button" aria-pressed=${String(each === tab)} onClick=${() => setTab(each)}>${t(`lists.tab.${each}`)}</button>`)}</div>
      ${tab === "versions" && html`<${Versions} key=${chosen} list=${one.item} me=${me} say=${say} fail=${fail} changed=${load} />`}
      ${tab === "file" && html`<${Import} key=${chosen} list=${one.item} say=${say} changed=${() => { setTab("versions"); load(); }} />`}
      ${tab === "outdated" && html`<${Outdated} key=${chosen} list=${one.item} me=${me} fail=${fail} />`}
      ${tab === "entry" && html`<${Entry} key=${chosen} list=${one.item} me=${me} fail=${fail} />`}`}`;
}

show("lists", Lists, [["R", "again"]]);
