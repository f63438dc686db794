// What an administrator fills in: a new account, a change, a designation, the registration of a key. What needs two persons is asked for.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask, every, now } from "./api.js";
import { html } from "./draw.js";
import { Field, Form } from "./form.js";
import { moment, typed } from "./moments.js";
import { named, t } from "./words.js";

const ROLES = ["dispatcher", "investigator", "magistrate", "authority_officer", "liaison_officer", "list_manager", "camera_manager", "auditor", "oversight", "administrator"];
const NETWORKS = ["federal", "local", "lez", "public_transport", "vehicle"], LISTS = ["national_wanted", "stolen", "sis", "no_insurance", "no_inspection", "ad_hoc"];
const DAY_MS = 86_400_000;
const NAME = "[A-Za-z0-9._:\\-]{1,64}";

/** A reason, for an act that has nothing else to fill in. */
export const Reasoned = ({ title, why, send, cancel }) => html`<${Form} title=${title} cancel=${cancel} send=${({ reason }) => send(reason)}>
  <p>${why}</p><${Field} name="reason" title=${t("reason")} minlength="8" maxlength="1000" required />
<//>`;

export function NewAccount({ known, done, cancel }) {
  const [fault, setFault] = useState("");
  const send = async ({ user_id, name, service }) => {
    setFault(known.includes(user_id) ? t("accounts.known") : "");
    if (known.includes(user_id)) return;
    await ask("PUT", `/users/${user_id}`, { user_id, name, service });
    done(user_id);
  };
  return html`<${Form} title=${t("accounts.add")} cancel=${cancel} send=${send}>
    <p>${t("accounts.new.why")}</p>
    <${Field} name="user_id" title=${t("account")} hint=${t("accounts.id.rule")} fault=${fault} pattern=${NAME} maxlength="64" required spellcheck="false" autocapitalize="none" autocomplete="off" />
    <${Field} name="name" title=${t("accounts.name")} maxlength="1000" required autocomplete="off" />
    <${Field} name="service" title=${t("works_for")} hint=${t("accounts.service.rule")} maxlength="1000" required autocomplete="off" />
  <//>`;
}

/** Name and service. Another service changes what is covert for the person, and so needs two persons once there is a designation. */
export function Change({ one, done, cancel }) {
  const [service, setService] = useState(one.user.service);
  const moves = service.trim() !== one.user.service && one.designations.length > 0;
  const send = async ({ name, service: to, reason }) => {
    const user = { ...one.user, name, service: to };
    if (moves) await ask("POST", "/approvals", { act: "users.move", key: user.user_id, content: JSON.stringify(user), reason });
    else await ask("PUT", `/users/${user.user_id}`, user);
    await done(moves);
  };
  return html`<${Form} title=${t(moves ? "accounts.ask" : "accounts.save")} cancel=${cancel} send=${send}>
    <h3>${t("accounts.change")}</h3>
    <${Field} name="name" title=${t("accounts.name")} value=${one.user.name} maxlength="1000" required />
    <${Field} name="service" title=${t("works_for")} value=${service} onInput=${setService} maxlength="1000" required />
    ${moves && html`<p class="told">${t("accounts.moves")}</p><${Field} name="reason" title=${t("reason")} minlength="8" maxlength="1000" required />`}
  <//>`;
}

export function Grant({ user, me, done, cancel }) {
  const [zones, setZones] = useState([]);
  useEffect(() => { every("/zones").then(setZones, () => setZones([])); }, []);
  const send = async (values) => {
    const form = new FormData(document.getElementById("grant"));
    const designation = {
      designation_id: `D-${crypto.randomUUID()}`, user_id: user.user_id, role: values.role, reason: values.reason, granted_by: me.user_id, everywhere: values.everywhere === "on",
      zones: form.getAll("zone"), networks: form.getAll("network"), lists: form.getAll("list"),
      valid_from_ms: now(), valid_until_ms: moment(values.until), trained_until_ms: moment(values.training),
    };
    await ask("POST", "/approvals", { act: "designations.grant", key: designation.designation_id, content: JSON.stringify(designation), reason: values.reason });
    await done();
  };
  const later = (days) => typed(now() + days * DAY_MS);
  return html`<${Form} id="grant" title=${t("accounts.ask")} cancel=${cancel} send=${send}>
    <h3>${t("accounts.grant")}</h3>
    <p>${t("accounts.grant.why")}</p>
    <${Field} name="role" title=${t("role")} value="dispatcher" options=${ROLES.map((one) => [one, named("role", one)])} />
    <${Field} name="reason" title=${t("accounts.decision")} hint=${t("accounts.decision.rule")} minlength="8" maxlength="1000" required />
    <${Choices} title=${t("zones")} name="zone" options=${zones.map((one) => [one.zone_id, one.name ?? one.zone_id])} more=${html`<label class="check"><input type="checkbox" name="everywhere" /> ${t("everywhere")}</label>`} />
    <${Choices} title=${t("networks")} name="network" options=${NETWORKS.map((one) => [one, named("network", one)])} />
    <${Choices} title=${t("lists")} name="list" options=${LISTS.map((one) => [one, named("hotlist", one)])} />
    <${Field} name="until" title=${t("until")} value=${later(365)} type="datetime-local" required />
    <${Field} name="training" title=${t("training_until")} value=${later(365)} type="datetime-local" required />
  <//>`;
}

const Choices = ({ title, name, options, more }) => html`<fieldset><legend>${title}</legend>
  ${options.map(([value, words]) => html`<label class="check"><input type="checkbox" name=${name} value=${value} /> ${words}</label>`)}${more}</fieldset>`;

/** Two persons say whose key this is; from then on it signs. */
export function Register({ key_: key, me, done, cancel }) {
  const send = async ({ reason, until }) => {
    const registered = { ...key, registered_by: me.user_id, reason, valid_from_ms: now(), valid_until_ms: moment(until) };
    await ask("POST", "/approvals", { act: "signing_keys.register", key: key.key_id, content: JSON.stringify(registered), reason });
    await done();
  };
  return html`<${Form} title=${t("accounts.ask")} cancel=${cancel} send=${send}>
    <h3>${t("accounts.register")} <span class="mono">${key.key_id}</span></h3>
    <${Field} name="reason" title=${t("accounts.register.how")} hint=${t("accounts.register.rule")} minlength="8" maxlength="1000" required />
    <${Field} name="until" title=${t("until")} value=${typed(now() + 365 * DAY_MS)} type="datetime-local" required />
  <//>`;
}
