// Cameras, for those who keep them going: how each does, worst first, on a table and on the map; who waits; new ones, wave by wave.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { every } from "./api.js";
import { CamerasMap } from "./cameras-map.js";
import { Camera } from "./cameras-one.js";
import { Waiting } from "./cameras-waiting.js";
import { Waves } from "./cameras-waves.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { badness, chosen, howOf, STATES, stateOf, WORST, worst } from "./fleet.js";
import { Field } from "./form.js";
import { ground } from "./mapground.js";
import { show } from "./page.js";
import { provinceOf, provincesOf } from "./provinces.js";
import { Table } from "./table.js";
import { told } from "./trouble.js";
import { span, t } from "./words.js";

const LOOK_MS = 60_000;
const MOST = 200; // rows of the table: beyond that, somebody narrows it down
const ANY = { province: "", zone: "", state: "", how: "", text: "" };

function Cameras({ me, say, fail, keyed }) {
  const [all, setAll] = useState(/** @type {import("./fleet.js").Shown[] | null} */ (null)), [places, setPlaces] = useState({ provinces: [], zones: [] });
  const [wanted, setWanted] = useState(ANY), [tab, setTab] = useState("table"), [opened, setOpened] = useState(location.hash.slice(1));
  const load = async () => {
    try {
      const [items, base] = await Promise.all([every("/camera-health"), ground()]);
      const provinces = provincesOf(base);
      setAll(items.map((one) => ({ ...one, province: provinceOf(one.camera.position, provinces) })));
      setPlaces((known) => ({ ...known, provinces }));
    } catch (error) {
      fail(error);
    }
  };
  useEffect(() => {
    load();
    every("/zones").then((zones) => setPlaces((known) => ({ ...known, zones })), fail);
    const timer = setInterval(() => document.hidden || load(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  const open = (id) => {
    history.replaceState(null, "", id ? `#${id}` : location.pathname);
    setOpened(id);
  };
  keyed({ r: load });
  const found = all && chosen(all, wanted), one = all?.find(({ camera }) => camera.camera_id === opened);
  const named = (id) => places.zones.find((zone) => zone.zone_id === id)?.name ?? id;
  return html`<h1>${t("screen.cameras")}</h1>
    <div class="tabs">${["table", "map", "waiting", "waves"].map((each) => html`<button type="button" aria-pressed=${String(each === tab)} onClick=${() => setTab(each)}>${t(`cameras.tab.${each}`)}</button>`)}</div>
    ${["table", "map"].includes(tab) && html`<${Filters} wanted=${wanted} set=${setWanted} places=${places} /><${Summary} found=${found} />`}
    ${tab === "table" && html`<${List} found=${found} open=${open} named=${named} />`}
    ${tab === "map" && html`<${CamerasMap} found=${found} open=${open} />`}
    ${tab === "waiting" && html`<${Waiting} all=${all ?? []} say=${say} fail=${fail} changed=${load} />`}
    ${tab === "waves" && html`<${Waves} all=${all} say=${say} fail=${fail} changed=${load} />`}
    <${Dialog} open=${Boolean(one)} wide title=${one ? one.camera.name : ""} close=${() => open("")}>
      ${one && html`<${Camera} key=${opened} one=${one} me=${me} say=${say} fail=${fail} named=${named} changed=${load} close=${() => open("")} />`}
    <//>`;
}

function Filters({ wanted, set, places: { provinces, zones } }) {
  const put = (name) => (value) => set({ ...wanted, [name]: value });
  const any = ["", t("all")];
  return html`<div class="filters" role="search">
    <${Field} name="text" title=${t("cameras.text")} value=${wanted.text} onInput=${put("text")} type="search" maxlength="200" />
    <${Field} name="province" title=${t("cameras.province")} value=${wanted.province} onInput=${put("province")} options=${[any, ...provinces.map(({ id, name }) => [id, name]), ["-", t("cameras.elsewhere")]]} />
    <${Field} name="zone" title=${t("cameras.zone")} value=${wanted.zone} onInput=${put("zone")} options=${[any, ...zones.map((one) => [one.zone_id, one.name ?? one.zone_id])]} />
    <${Field} name="state" title=${t("cameras.state")} value=${wanted.state} onInput=${put("state")} options=${[any, ...STATES.map((one) => [one, t(`camera.state.${one}`)])]} />
    <${Field} name="how" title=${t("cameras.how")} value=${wanted.how} onInput=${put("how")} options=${[any, ...["wrong", "never", "well", "apart"].map((one) => [one, t(`cameras.how.${one}`)]), ...WORST.map((one) => [one, t(`trouble.${one}`)])]} />
  </div>`;
}

/** How many do how, of those that are shown. */
function Summary({ found }) {
  if (!found) return null;
  const count = (how) => found.filter((one) => howOf(one) === how).length;
  return html`<p class="soft" role="status">${t("cameras.summary", { all: found.length, wrong: count("wrong"), never: count("never"), well: count("well") })}</p>`;
}

function List({ found, open, named }) {
  return html`<${Table} caption=${t("screen.cameras")} rows=${found} of=${({ camera }) => camera.camera_id} most=${MOST} empty=${t("cameras.none")} begin="what" columns=${[
    { name: "id", title: t("cameras.camera"), by: ({ camera }) => camera.name, cell: ({ camera }) => html`<button type="button" class="link" onClick=${() => open(camera.camera_id)}>${camera.name}</button> <small class="mono">${camera.camera_id}</small>` },
    { name: "place", title: t("cameras.place"), by: (one) => `${one.province?.name ?? "~"} ${one.zones ?? ""}`, cell: (one) => html`${one.province?.name ?? ""}${one.zones?.length ? html` <small>${one.zones.map(named).join(", ")}</small>` : ""}` },
    { name: "state", title: t("cameras.state"), by: (one) => STATES.indexOf(stateOf(one)), cell: (one) => html`<span class="tag ${{ active: "good", on_trial: "ask" }[stateOf(one)] ?? ""}">${t(`camera.state.${stateOf(one)}`)}</span>` },
    { name: "what", title: t("cameras.what"), by: badness, cell: (one) => html`<${What} one=${one} />` },
    { name: "since", title: t("cameras.since"), class: "number", by: (one) => worst(one)?.since_ms ?? Infinity, cell: (one) => (worst(one) ? t("ago", { span: span(Date.now() - worst(one).since_ms) }) : "") },
    { name: "cure", title: t("cameras.cure"), cell: (one) => (worst(one) ? t(`trouble.cure.${worst(one).kind}`) : howOf(one) === "never" ? t("cameras.never.cure") : "") },
  ]} />`;
}

/** What is wrong with a camera, in words. @param {{one: import("./fleet.js").Shown}} props */
function What({ one }) {
  const how = howOf(one), first = worst(one), more = (one.troubles ?? []).length - 1;
  if (!first) return html`<span class="tag ${how === "never" ? "ask" : how === "well" ? "good" : ""}">${t(`cameras.how.${how}`)}</span>`;
  return html`<span class="tag wrong">${t(`trouble.${first.kind}`)}</span> ${told(first)}${more > 0 ? ` ${t("cameras.more", { n: more })}` : ""}`;
}

show("cameras", Cameras, [["R", "again"]]);
