// Accounts: who may log in, what each is designated for and until when.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { every, now } from "./api.js";
import { Desks } from "./accounts-desks.js";
import { NewAccount } from "./accounts-forms.js";
import { Person } from "./accounts-person.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { Field } from "./form.js";
import { show } from "./page.js";
import { Table } from "./table.js";
import { day, named, t } from "./words.js";

const ROLES = ["dispatcher", "investigator", "magistrate", "authority_officer", "liaison_officer", "list_manager", "camera_manager", "auditor", "oversight", "administrator"];
const STATES = ["works", "ends", "none", "disabled"];
const ENDS_MS = 30 * 86_400_000; // before a designation or a training ends, its person is shown as one to look after

/** Persons, and for who may see them the desks that they work at. */
function Both(props) {
  const [tab, setTab] = useState("persons");
  const tabs = props.me.may.includes("desks.see") ? ["persons", "desks"] : ["persons"];
  return html`<h1>${t("screen.accounts")}</h1>
    ${tabs.length > 1 && html`<div class="tabs">${tabs.map((one) => html`<button type="button" aria-pressed=${String(one === tab)} onClick=${() => setTab(one)}>${t(`accounts.tab.${one}`)}</button>`)}</div>`}
    ${tab === "desks" ? html`<${Desks} ...${props} />` : html`<${Accounts} ...${props} />`}`;
}

function Accounts({ me, say, fail, keyed }) {
  const [all, setAll] = useState(null), [opened, setOpened] = useState(location.hash.slice(1)), [adding, setAdding] = useState(false);
  const [text, setText] = useState(""), [role, setRole] = useState(""), [state, setState] = useState("");
  const load = () => Promise.all([every("/users"), every("/designations"), me.may.includes("signing_keys.see") ? every("/signing_keys") : []])
    .then(([users, designations, keys]) => setAll(persons(users, designations, keys)), fail);
  useEffect(() => { load(); }, []);
  const choose = (id) => {
    history.replaceState(null, "", id ? `#${id}` : location.pathname);
    setOpened(id);
  };
  const changes = me.may.includes("users.change");
  keyed({ r: load, ...(changes ? { n: () => setAdding(true) } : {}) });
  const shown = all?.filter((one) => (!role || one.holds.some((each) => each.role === role)) && (!state || one.state === state)
    && [one.user.user_id, one.user.name, one.user.service].some((each) => each.toLowerCase().includes(text.toLowerCase())));
  return html`<search class="filters">
      <${Field} name="text" title=${t("accounts.text")} value=${text} onInput=${setText} maxlength="100" />
      <${Field} name="role" title=${t("role")} value=${role} onInput=${setRole} options=${[["", t("all")], ...ROLES.map((one) => [one, named("role", one)])]} />
      <${Field} name="state" title=${t("accounts.state")} value=${state} onInput=${setState} options=${[["", t("all")], ...STATES.map((one) => [one, t(`accounts.state.${one}`)])]} />
      ${changes && html`<button type="button" class="go" aria-keyshortcuts="n" onClick=${() => setAdding(true)}>${t("accounts.new")} <kbd>N</kbd></button>`}
      ${all && html`<span class="soft">${t("accounts.count", { n: shown.length })}</span>`}
    </search>
    <${Table} caption=${t("screen.accounts")} rows=${shown ?? null} of=${(one) => one.user.user_id} chosen=${opened} empty=${t("accounts.none")} begin="name" columns=${[
      { name: "name", title: t("name"), by: (one) => one.user.name, cell: (one) => html`<button type="button" class="link" onClick=${() => choose(one.user.user_id)}>${one.user.name}</button>` },
      { name: "id", title: t("account"), by: (one) => one.user.user_id, cell: (one) => html`<span class="mono">${one.user.user_id}</span>` },
      { name: "service", title: t("works_for"), by: (one) => one.user.service, cell: (one) => one.user.service },
      { name: "roles", title: t("role"), by: (one) => one.holds.map((each) => named("role", each.role)).join(", "), cell: (one) => [...new Set(one.holds.map((each) => named("role", each.role)))].join(", ") || t("none") },
      { name: "ends", title: t("until"), class: "when", by: (one) => one.endsMs, cell: (one) => (one.endsMs === Infinity ? "" : day(one.endsMs)) },
      { name: "state", title: t("accounts.state"), by: (one) => STATES.indexOf(one.state), cell: (one) => html`<span class="tag ${{ works: "good", ends: "ask", none: "ask", disabled: "wrong" }[one.state]}">${t(`accounts.state.${one.state}`)}</span>` },
    ]} />
    <${Dialog} open=${adding} title=${t("accounts.new")} close=${() => setAdding(false)}>
      <${NewAccount} known=${(all ?? []).map((one) => one.user.user_id)} cancel=${() => setAdding(false)} done=${(id) => { setAdding(false); say(() => t("accounts.added", { who: id })); load().then(() => choose(id)); }} />
    <//>
    <${Person} one=${all?.find((each) => each.user.user_id === opened) ?? null} me=${me} close=${() => choose("")} changed=${(words) => { say(words); return load(); }} fail=${fail} />`;
}

/** Each person with all designations, those that hold now, and how it stands with them. */
function persons(users, designations, keys) {
  return users.map((user) => {
    const mine = designations.filter((one) => one.user_id === user.user_id).sort((one, other) => other.valid_until_ms - one.valid_until_ms);
    const holds = mine.filter((one) => one.valid_from_ms <= now() && now() < Math.min(one.valid_until_ms, one.trained_until_ms));
    const endsMs = Math.min(Infinity, ...holds.map((one) => Math.min(one.valid_until_ms, one.trained_until_ms)));
    const state = user.disabled ? "disabled" : !holds.length ? "none" : endsMs - now() < ENDS_MS ? "ends" : "works";
    return { user, designations: mine, holds, endsMs, state, keys: keys.filter((one) => one.user_id === user.user_id) };
  });
}

show("accounts", Both, [["N", "new_account"], ["R", "again"]]);
