// What waits for a second person: looked at, approved, and, once approved, done by who asked for it.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask, now } from "./api.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { Fields } from "./fields.js";
import { show } from "./page.js";
import { Reasoned } from "./reason.js";
import { Table } from "./table.js";
import { named, span, t } from "./words.js";

const LOOK_MS = 60_000; // each look is recorded
const WRITES = {
  "designations.grant": (key, item, how) => ask("PUT", `/designations/${key}`, item, how),
  "policies.change": (key, item, how) => (item ? ask("PUT", `/policies/${key}`, item, how) : ask("DELETE", `/policies/${key}`, undefined, how)),
  "sections.change": (key, item, how) => (item ? ask("PUT", `/sections/${key}`, item, how) : ask("DELETE", `/sections/${key}`, undefined, how)),
  "zones.change": (key, item, how) => (item ? ask("PUT", `/zones/${key}`, item, how) : ask("DELETE", `/zones/${key}`, undefined, how)),
  "signing_keys.register": (key, item, how) => ask("PUT", `/signing_keys/${key}`, item, how),
  "users.move": (key, item, how) => ask("PUT", `/users/${key}`, item, how),
  "watches.long": (key, item, how) => ask("PUT", `/watches/${key}`, item, how),
  "credentials.replace": (key, _item, how) => ask("POST", `/users/${key}/password`, undefined, how),
};

/** What has plates asks for a reason first, of those who may see it. */
const Approvals = (props) => (props.me.may.includes("watches.long")
  ? html`<${Reasoned} me=${props.me}>${(headers) => html`<${All} ...${props} headers=${headers} />`}<//>`
  : html`<${All} ...${props} headers=${{}} />`);

function All({ me, say, fail, keyed, headers }) {
  const [items, setItems] = useState(null), [read, setRead] = useState(null), [secret, setSecret] = useState(null);
  const load = () => ask("GET", "/approvals", undefined, headers).then((all) => setItems(all.items), fail);
  useEffect(() => {
    load();
    const timer = setInterval(() => document.hidden || load(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  keyed({ r: load });
  const approve = (one) => ask("POST", `/approvals/${one.approval_id}`, undefined, headers).then(() => {
    setRead(null);
    say(() => t("approvals.given", { who: one.asked_by }));
    return load();
  }).catch(fail);
  const perform = (one) => performed(one).then((password) => {
    setRead(null);
    if (password) setSecret({ key: one.key, password });
    say(() => t("approvals.done", { key: one.key }));
    return load();
  }).catch(fail);
  return html`<h1>${t("screen.approvals")}</h1>
    <p class="soft">${t("approvals.why")}</p>
    <${Table} caption=${t("screen.approvals")} rows=${items} of=${(one) => one.approval_id} empty=${t("approvals.none")} begin="ends" columns=${[
      { name: "act", title: t("approvals.act"), by: (one) => named("act", one.act), cell: (one) => html`<button type="button" class="link" onClick=${() => setRead(one)}>${named("act", one.act)}</button>` },
      { name: "key", title: t("approvals.key"), by: (one) => one.key, cell: (one) => html`<span class="mono">${one.key}</span>` },
      { name: "who", title: t("approvals.who"), by: (one) => one.asked_by, cell: (one) => (one.asked_by === me.user_id ? t("approvals.you") : one.asked_by) },
      { name: "reason", title: t("reason"), cell: (one) => one.reason },
      { name: "state", title: t("approvals.state"), by: (one) => one.approved_by ?? "", cell: (one) => html`<span class=${one.approved_by ? "tag good" : "tag ask"}>${one.approved_by ? t("approvals.by", { who: one.approved_by }) : t("approvals.waits")}</span>` },
      { name: "ends", title: t("approvals.ends"), class: "number", by: (one) => one.ends_ms, cell: (one) => span(one.ends_ms - now()) },
    ]} />
    <${Dialog} open=${read !== null} wide title=${read ? `${named("act", read.act)}: ${read.key}` : ""} close=${() => setRead(null)}>
      ${read && html`<${Content} one=${read} me=${me} approve=${approve} perform=${perform} close=${() => setRead(null)} />`}
    <//>
    <${Dialog} open=${secret !== null} title=${t("approvals.password", { key: secret?.key ?? "" })} close=${() => setSecret(null)}>
      <p class="mono"><output>${secret?.password}</output></p><p>${t("approvals.password.why")}</p>
      <p class="buttons"><button type="button" onClick=${() => setSecret(null)}>${t("close")}</button></p>
    <//>`;
}

/** What exactly would be done, and what this person can do about it. */
function Content({ one, me, approve, perform, close }) {
  const mine = one.asked_by === me.user_id;
  const replaces = one.act === "credentials.replace";
  return html`<p>${t("approvals.asked", { who: one.asked_by, reason: one.reason })}</p>
    ${one.content ? html`<${Fields} item=${JSON.parse(one.content)} />`
      : html`<p>${t(replaces ? "approvals.replaces" : "approvals.removes", { key: one.key })}</p>`}
    <p class="buttons">
      ${mine && one.approved_by && html`<button type="button" class="go" onClick=${() => perform(one)}>${t("approvals.do")}</button>`}
      ${!mine && !one.approved_by && html`<button type="button" class="go" onClick=${() => approve(one)}>${t("approvals.approve")}</button>`}
      ${mine && !one.approved_by && html`<span>${t("approvals.other")}</span>`}
      <button type="button" onClick=${close}>${t("close")}</button>
    </p>`;
}

/** Do what was approved. Resolves to the password that it makes, if it makes one. Throws Refused. */
async function performed(one) {
  const said = await WRITES[one.act](one.key, one.content ? JSON.parse(one.content) : null, { "Vigie-Approval": one.approval_id });
  return said?.password ?? null;
}

show("approvals", Approvals, [["R", "again"]]);
