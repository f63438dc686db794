// Who sends to the gateways and is not let in; and how one is let in: for a new camera, or one that is registered already.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { Given } from "./cameras-given.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { STATES } from "./fleet.js";
import { Field, Form } from "./form.js";
import { Table } from "./table.js";
import { named, span, t } from "./words.js";

const NETWORKS = ["federal", "local", "lez", "public_transport", "vehicle"], NAME = "[A-Za-z0-9._:\\-]{1,64}";
const LOOK_MS = 10_000, UNKNOWN = "unknown";

/** @param {{all: import("./fleet.js").Shown[], say: (words: string) => void, fail: (error: any) => void, changed: () => Promise<void>}} props */
export function Waiting({ all, say, fail, changed }) {
  const [waiting, setWaiting] = useState(/** @type {any[] | null} */ (null)), [who, setWho] = useState(/** @type {any} */ (null)), [given, setGiven] = useState(/** @type {any} */ (null));
  const load = () => ask("GET", "/camera-waiting").then(({ items }) => setWaiting(items), fail);
  useEffect(() => {
    load();
    const timer = setInterval(() => document.hidden || load(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  const forget = (one) => ask("POST", "/camera-waiting/forget", { who: one.who }).then(load, fail);
  const adopt = async (body) => {
    setGiven(await ask("POST", "/camera-waiting/adopt", body));
    setWho(null);
    say(() => t("cameras.adopted", { camera: body.camera_id }));
    await Promise.all([load(), changed()]);
  };
  return html`<p class="soft">${t("cameras.waiting.why")}</p>
    <${Table} caption=${t("cameras.tab.waiting")} rows=${waiting} of=${(one) => one.who} empty=${t("cameras.waiting.none")} begin="last" columns=${[
      { name: "who", title: t("cameras.who"), by: (one) => one.who, cell: (one) => html`<span class="mono">${one.who}</span>` },
      { name: "peer", title: t("cameras.peer"), by: (one) => one.peer, cell: (one) => html`<span class="mono">${one.peer}</span>${one.program !== "-" && html`<br /><small>${one.program}</small>`}` },
      { name: "sends", title: t("cameras.sample"), by: (one) => one.sample?.maker ?? one.sample?.content_type ?? "", cell: sampled },
      { name: "count", title: t("cameras.count"), class: "number", by: (one) => one.count, cell: (one) => one.count },
      { name: "last", title: t("cameras.last"), class: "number", by: (one) => -one.last_ms, cell: (one) => t("ago", { span: span(Date.now() - one.last_ms) }) },
      { name: "why", title: t("cameras.why"), by: (one) => one.why, cell: (one) => html`${t(`knock.${one.why}`)}<br /><small>${t(`knock.cure.${one.why}`)}</small>` },
      { name: "do", title: t("cameras.do"), cell: (one) => html`<span class="buttons">${["no_password", "unknown_sender"].includes(one.why) && html`<button type="button" onClick=${() => setWho(one)}>${t("cameras.adopt")}</button>`}
        <button type="button" aria-label=${t("cameras.forget.one", { who: one.who })} onClick=${() => forget(one)}>${t("cameras.forget")}</button></span>` },
    ]} />
    <${Dialog} open=${who !== null} wide title=${who ? t("cameras.adopt.who", { who: who.who }) : ""} close=${() => setWho(null)}>
      ${who && html`<${Adopt} key=${who.who} who=${who} all=${all} send=${adopt} cancel=${() => setWho(null)} />`}
    <//>
    <${Given} given=${given} close=${() => setGiven(null)} />`;
}

/** What it sends: its maker, and the fields without what is in them. */
function sampled({ who, sample }) {
  if (!sample) return "\u2014";
  const kind = sample.maker || sample.content_type || t("cameras.sample.unknown");
  return sample.text ? html`<details><summary aria-label=${t("cameras.sample.of", { who, kind })}>${kind}</summary><p class="soft">${t("cameras.sample.rule")}</p><pre class="sample" tabindex="0">${sample.text}</pre></details>` : html`${kind}<br /><small>${t("cameras.sample.none")}</small>`;
}

function Adopt({ who, all, send, cancel }) {
  const [id, setId] = useState(who.who.includes(" ") ? "" : who.who);
  const known = all.find(({ camera }) => camera.camera_id === id.trim());
  const number = (text) => (text === "" ? undefined : Number(text));
  const sent = (values) => {
    const camera = known ? undefined : {
      camera_id: values.camera_id, name: values.name, network: values.network, state: values.state, heading_deg: number(values.heading), sees: values.sees || undefined,
      position: values.lat === "" ? undefined : { lat: Number(values.lat), lon: Number(values.lon) },
    };
    return send({ who: who.who, camera_id: values.camera_id, camera, by_address: values.by_address === "on", utc_is_local: values.utc_is_local === "on", offset_is_wrong: values.offset_is_wrong === "on",
      zone: values.zone || undefined, date_order: values.date_order || undefined });
  };
  return html`<${Form} title=${t("cameras.adopt")} send=${sent} cancel=${cancel}>
    <p>${t("cameras.adopt.why")}</p>
    <${Field} name="camera_id" title=${t("cameras.id")} hint=${known ? t("cameras.id.known", { name: known.camera.name }) : t("cameras.id.new")} value=${id} onInput=${setId} pattern=${NAME} maxlength="64" required spellcheck="false" />
    ${!known && html`<${Field} name="name" title=${t("cameras.name")} hint=${t("cameras.name.rule")} maxlength="1000" required />
      <${Field} name="network" title=${t("cameras.network")} value="federal" options=${NETWORKS.map((one) => [one, named("network", one)])} />
      <${Field} name="state" title=${t("cameras.state")} value="on_trial" options=${STATES.slice(0, 3).map((one) => [one, t(`camera.state.${one}`)])} hint=${t("cameras.wave.on_trial")} />
      <div class="pair"><${Field} name="lat" title=${t("cameras.lat")} type="number" min="-90" max="90" step="any" /><${Field} name="lon" title=${t("cameras.lon")} type="number" min="-180" max="180" step="any" /></div>
      <p class="hint">${t("cameras.place.rule")}</p>
      <${Field} name="heading" title=${t("cameras.heading")} type="number" min="0" max="359" step="any" />
      <${Field} name="sees" title=${t("cameras.sees")} value="" options=${["", "front", "rear", "both"].map((one) => [one, t(`cameras.sees.${one || UNKNOWN}`)])} />`}
    <details><summary>${t("cameras.sends")}</summary>
      <label class="check"><input type="checkbox" name="by_address" /> ${t("cameras.by_address")}</label>
      <${Field} name="zone" title=${t("cameras.clock.zone")} hint=${t("cameras.clock.zone.rule")} maxlength="60" spellcheck="false" />
      <label class="check"><input type="checkbox" name="utc_is_local" /> ${t("cameras.clock.utc")}</label>
      <label class="check"><input type="checkbox" name="offset_is_wrong" /> ${t("cameras.clock.offset")}</label>
      <${Field} name="date_order" title=${t("cameras.clock.order")} value="" options=${["", "day_first", "month_first"].map((one) => [one, t(`cameras.clock.order.${one || UNKNOWN}`)])} />
    </details>
  <//>`;
}
