// The desks at which dispatchers work: what is shown at each, and who follows when nobody answers there.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask, every } from "./api.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { Field, Form } from "./form.js";
import { Table } from "./table.js";
import { named, t } from "./words.js";

const LISTS = ["national_wanted", "stolen", "sis", "no_insurance", "no_inspection", "ad_hoc"];

export function Desks({ me, say, fail }) {
  const [all, setAll] = useState(null), [zones, setZones] = useState([]), [opened, setOpened] = useState(null);
  const load = () => every("/desks").then(setAll, fail);
  useEffect(() => {
    load();
    every("/zones").then(setZones, () => setZones([]));
  }, []);
  const changes = me.may.includes("desks.change");
  const save = async (values) => {
    const form = new FormData(document.getElementById("desk-form"));
    const desk = {
      ...opened, desk_id: values.desk_id ?? opened.desk_id, name: values.name, zones: form.getAll("zone"), everywhere: values.everywhere === "on", lists: form.getAll("list"),
      always: values.always === "on", answers_within_s: Number(values.answers), successor: values.successor || null,
    };
    delete desk.holds_from_ms;
    await ask("PUT", `/desks/${desk.desk_id}`, desk);
    setOpened(null);
    say(() => t("accounts.desk.saved", { desk: desk.name }));
    await load();
  };
  return html`${changes && html`<p><button type="button" class="go" onClick=${() => setOpened({ lists: LISTS, zones: [] })}>${t("accounts.desk.new")}</button></p>`}
    <${Table} caption=${t("accounts.desks")} rows=${all} of=${(one) => one.desk_id} empty=${t("accounts.desk.none")} begin="name" columns=${[
      { name: "name", title: t("desk"), by: (one) => one.name, cell: (one) => (changes ? html`<button type="button" class="link" onClick=${() => setOpened(one)}>${one.name}</button>` : one.name) },
      { name: "zones", title: t("zones"), cell: (one) => (one.everywhere ? t("everywhere") : (one.zones ?? []).join(", ") || t("none")) },
      { name: "lists", title: t("lists"), cell: (one) => one.lists.map((each) => named("hotlist", each)).join(", ") || t("none") },
      { name: "next", title: t("accounts.desk.successor"), cell: (one) => one.successor ?? t("none") },
      { name: "answers", title: t("accounts.desk.answers"), class: "number", by: (one) => one.answers_within_s ?? 60, cell: (one) => one.answers_within_s ?? 60 },
    ]} />
    <${Dialog} open=${opened !== null} title=${opened?.name ?? t("accounts.desk.new")} close=${() => setOpened(null)}>
      ${opened && html`<${Form} id="desk-form" title=${t("accounts.save")} send=${save} cancel=${() => setOpened(null)}>
        ${!opened.desk_id && html`<${Field} name="desk_id" title=${t("accounts.desk.id")} hint=${t("accounts.id.rule")} pattern="[A-Za-z0-9._:\\-]{1,64}" maxlength="64" required spellcheck="false" />`}
        <${Field} name="name" title=${t("name")} value=${opened.name} maxlength="1000" required />
        <fieldset><legend>${t("zones")}</legend>${zones.map((one) => html`<label class="check"><input type="checkbox" name="zone" value=${one.zone_id} defaultChecked=${(opened.zones ?? []).includes(one.zone_id)} /> ${one.name ?? one.zone_id}</label>`)}
          <label class="check"><input type="checkbox" name="everywhere" defaultChecked=${opened.everywhere} /> ${t("everywhere")}</label></fieldset>
        <fieldset><legend>${t("lists")}</legend>${LISTS.map((one) => html`<label class="check"><input type="checkbox" name="list" value=${one} defaultChecked=${opened.lists.includes(one)} /> ${named("hotlist", one)}</label>`)}</fieldset>
        <label class="check"><input type="checkbox" name="always" defaultChecked=${opened.always} /> ${t("accounts.desk.always")}</label>
        <${Field} name="successor" title=${t("accounts.desk.successor")} value=${opened.successor ?? ""} options=${[["", t("none")], ...(all ?? []).filter((one) => one.desk_id !== opened.desk_id).map((one) => [one.desk_id, one.name])]} />
        <${Field} name="answers" title=${t("accounts.desk.answers")} value=${opened.answers_within_s ?? 60} type="number" min="1" max="86400" required />
      <//>`}
    <//>`;
}
