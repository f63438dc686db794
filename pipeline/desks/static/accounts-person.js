// One person: account, designations, signing keys, and what an administrator does about them.

import { useState } from "./vendor/hooks.mjs";
import { ask, now } from "./api.js";
import { Change, Grant, Reasoned, Register } from "./accounts-forms.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { Table } from "./table.js";
import { day, named, t } from "./words.js";

/** @param {{one: any, me: any, close: () => void, changed: (words: () => string) => Promise<void>, fail: (error: any) => void}} props */
export function Person({ one, me, close, changed, fail }) {
  const [doing, setDoing] = useState("");
  const shut = () => {
    setDoing("");
    close();
  };
  return html`<${Dialog} open=${one !== null} wide title=${one?.user.name ?? ""} close=${shut}>
    ${one && html`<${Facts} one=${one} me=${me} changed=${changed} fail=${fail} />
      ${doing ? html`<${Doing} what=${doing} one=${one} me=${me} done=${(words) => { setDoing(""); return changed(words); }} cancel=${() => setDoing("")} />`
        : html`<${Buttons} one=${one} me=${me} begin=${setDoing} changed=${changed} fail=${fail} close=${shut} />`}`}
  <//>`;
}

function Facts({ one, me, changed, fail }) {
  const { user } = one;
  const remove = (each) => ask("DELETE", `/designations/${each.designation_id}`).then(() => changed(() => t("accounts.removed", { role: named("role", each.role) }))).catch(fail);
  return html`<dl><dt>${t("account")}</dt><dd class="mono">${user.user_id}</dd><dt>${t("works_for")}</dt><dd>${user.service}</dd>
      <dt>${t("accounts.state")}</dt><dd>${t(`accounts.state.${one.state}`)}</dd></dl>
    <h3>${t("accounts.designations")}</h3>
    <${Table} caption=${t("accounts.designations")} rows=${one.designations} of=${(each) => each.designation_id} empty=${t("accounts.designations.none")} columns=${[
      { name: "role", title: t("role"), cell: (each) => named("role", each.role) },
      { name: "zones", title: t("zones"), cell: (each) => (each.everywhere ? t("everywhere") : listed(each.zones)) },
      { name: "networks", title: t("networks"), cell: (each) => listed(each.networks, "network") },
      { name: "lists", title: t("lists"), cell: (each) => listed(each.lists, "hotlist") },
      { name: "reason", title: t("accounts.decision"), cell: (each) => html`${each.reason}<br /><small>${[each.granted_by, each.approved_by].filter(Boolean).join(", ")}</small>` },
      { name: "until", title: t("until"), class: "when", cell: (each) => html`<${Until} ms=${each.valid_until_ms} />` },
      { name: "training", title: t("training_until"), class: "when", cell: (each) => html`<${Until} ms=${each.trained_until_ms} />` },
      ...(me.may.includes("users.change") && me.user_id !== user.user_id ? [{ name: "remove", title: t("remove"), cell: (each) => html`<button type="button" onClick=${() => remove(each)}>${t("remove")}</button>` }] : []),
    ]} />
    ${one.keys.length > 0 && html`<h3>${t("accounts.keys")}</h3><ul>${one.keys.map((key) => html`<li><span class="mono">${key.key_id}</span>: ${stateOf(key)}</li>`)}</ul>`}`;
}

const listed = (names, group = "zone") => (names?.length ? names.map((one) => named(group, one)).join(", ") : t("none"));
const Until = ({ ms }) => (ms > now() ? day(ms) : html`<span class="tag wrong">${day(ms)}</span>`);

function stateOf(key) {
  if (key.revoked_at_ms != null) return t("accounts.key.revoked", { when: day(key.revoked_at_ms) });
  return key.approved_by == null ? t("accounts.key.waits") : t("accounts.key.holds", { when: day(key.valid_until_ms) });
}

function Buttons({ one, me, begin, changed, fail, close }) {
  const { user } = one, other = user.user_id !== me.user_id;
  const may = (act) => me.may.includes(act);
  const able = () => ask("PUT", `/users/${user.user_id}`, { ...user, disabled: !user.disabled })
    .then(() => changed(() => t(user.disabled ? "accounts.enabled" : "accounts.disabled", { who: user.name }))).catch(fail);
  const end = () => ask("POST", "/sessions/end", { user_id: user.user_id }).then(() => changed(() => t("accounts.sessions.ended", { who: user.name }))).catch(fail);
  const waits = one.keys.find((key) => key.approved_by == null && key.revoked_at_ms == null);
  return html`<p class="buttons">
    ${other && may("designations.grant") && html`<button type="button" onClick=${() => begin("grant")}>${t("accounts.grant")}</button>`}
    ${other && may("users.change") && html`<button type="button" onClick=${() => begin("change")}>${t("accounts.change")}</button>
      <button type="button" onClick=${able}>${t(user.disabled ? "accounts.enable" : "accounts.disable")}</button>`}
    ${may("sessions.end") && html`<button type="button" onClick=${end}>${t("accounts.sessions.end")}</button>`}
    ${other && may("credentials.replace") && html`<button type="button" onClick=${() => begin("password")}>${t("accounts.password")}</button>`}
    ${other && waits && may("signing_keys.register") && html`<button type="button" onClick=${() => begin("register")}>${t("accounts.register")}</button>`}
    <button type="button" onClick=${close}>${t("close")}</button>
  </p>`;
}

function Doing({ what, one, me, done, cancel }) {
  const { user } = one;
  const asked = () => done(() => t("accounts.asked"));
  if (what === "grant") return html`<${Grant} user=${user} me=${me} done=${asked} cancel=${cancel} />`;
  if (what === "change") return html`<${Change} one=${one} done=${(waits) => done(() => (waits ? t("accounts.asked") : t("accounts.changed", { who: user.name })))} cancel=${cancel} />`;
  if (what === "register") return html`<${Register} key_=${one.keys.find((key) => key.approved_by == null && key.revoked_at_ms == null)} me=${me} done=${asked} cancel=${cancel} />`;
  return html`<${Reasoned} title=${t("accounts.password")} why=${t("accounts.password.why")} cancel=${cancel}
    send=${async (reason) => { await ask("POST", "/approvals", { act: "credentials.replace", key: user.user_id, reason }); await asked(); }} />`;
}
