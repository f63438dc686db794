// The map: cameras, open incidents, and the chosen one's trail. Loaded when it is shown; without WebGL the list shows all of it.

import { useEffect, useRef, useState } from "./vendor/hooks.mjs";
import { cameras } from "./mapcameras.js";
import { html } from "./draw.js";
import { alertPoints, cameraPoints, trail } from "./mapdata.js";
import { around, beginMap, HOME, useDark } from "./mapground.js";
import { language, t } from "./words.js";

const EVERY_MS = 1000; // so often the points of incidents are set anew
const NEAR = 9.5; // the zoom of a trail of one place

/** @param {{desk: import("./desk.js").Desk, alone?: boolean, close?: () => void}} props alone: a window of its own */
export function MapView({ desk, alone = false, close }) {
  const box = useRef(null), held = useRef(/** @type {Shown | null} */ (null));
  const [state, setState] = useState("loading"), [said, setSaid] = useState("");
  const theme = useDark();
  useEffect(() => {
    const gone = new AbortController();
    Shown.begin(box.current, desk, theme, gone.signal, setState, setSaid).then((shown) => { held.current = shown; }, () => { if (!gone.signal.aborted) setState("failed"); });
    return () => {
      gone.abort();
      held.current = null;
    };
  }, [theme, language]);
  useEffect(() => held.current?.follow());
  const there = state === "there", last = desk.current?.incident.last;
  const chosen = last ? [desk.plateOf(desk.selected), last.place ?? last.alert.read.camera_id].join(" · ") : "";
  return html`<div class="map ${alone ? "alone" : ""}">
    <div class="ground" ref=${box}></div>
    ${!there && html`<p class="instead" role="status">${t(`map.${state}`)}</p>`}
    <div class="mapkeys">
      ${there && html`<button type="button" aria-label=${t("map.nearer")} onClick=${() => held.current?.map.zoomIn()}>+</button>
      <button type="button" aria-label=${t("map.further")} onClick=${() => held.current?.map.zoomOut()}>−</button>
      <button type="button" onClick=${() => held.current?.home()}>${t("map.home")}</button>`}
      ${!alone && html`<a class="button" href="/dispatch?map" target="vigie-map">${t("map.window")}</a>
      <button type="button" aria-keyshortcuts="g" onClick=${close}>${t("map.close")} <kbd>G</kbd></button>`}
    </div>
    <p class="mapsaid"><span role="status">${said || chosen}</span> <small>Natural Earth · MapLibre</small></p>
  </div>`;
}

/** One map on the page, and what it shows now. */
class Shown {
  /** Load what is needed, and draw. Sets the state to none where the browser cannot. */
  static async begin(box, desk, isDark, gone, setState, setSaid) {
    const map = await beginMap(box, isDark, gone, setState);
    if (!map) return null;
    const shown = new Shown(map, desk, setSaid);
    cameras((found) => shown.placed(found), gone);
    shown.follow();
    return shown;
  }

  constructor(map, desk, setSaid) {
    Object.assign(this, { map, desk, drawn: "", drawnMs: 0, fitted: "" });
    /** @type {Map<string, import("./mapcameras.js").Camera>} */
    this.cameras = new Map();
    const pointed = ["alerts", "seen", "cameras"];
    map.on("click", (event) => {
      const found = map.queryRenderedFeatures(around(event.point), { layers: pointed });
      const alerts = [...new Set(found.filter((one) => one.layer.id === "alerts").map((one) => one.properties.id))];
      if (alerts.length) desk.choose(alerts[(alerts.indexOf(desk.selected) + 1) % alerts.length]); // at one place one after the other
      setSaid(alerts.length ? "" : found[0]?.properties.name ?? "");
    });
    map.on("mousemove", (event) => {
      map.getCanvas().style.cursor = map.queryRenderedFeatures(around(event.point), { layers: ["alerts"] }).length ? "pointer" : "";
    });
  }

  /** Take in where the cameras are. */
  placed(found) {
    this.cameras = found;
    this.map.getSource("cameras")?.setData(cameraPoints(found));
    this.follow();
  }

  /** Show what the desk knows now: incidents once a second at most, the chosen one's trail at once. */
  follow() {
    const { desk, map } = this, incident = desk.incidents.all.get(desk.selected);
    const key = `${desk.selected} ${incident?.trail.length} ${incident?.rank} ${this.cameras.size}`;
    if (key !== this.drawn) {
      const { along, shown } = trail(incident, this.cameras), fits = `${desk.selected} ${along.length}`;
      this.drawn = key;
      map.getSource("trail")?.setData(shown);
      if (along.length && fits !== this.fitted) this.fit(along);
      this.fitted = fits; // whoever moves the map on is left in peace until there is more to see
    }
    if (Date.now() - this.drawnMs < EVERY_MS) return;
    this.drawnMs = Date.now();
    map.getSource("alerts")?.setData(alertPoints(desk.incidents.sorted(false), this.cameras));
  }

  /** Bring these places into sight. @param {Array<[number, number]>} along */
  fit(along) {
    const [lons, lats] = [along.map(([lon]) => lon), along.map(([, lat]) => lat)];
    this.map.fitBounds([[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]], { padding: 60, maxZoom: NEAR, duration: 0 });
  }

  home() {
    this.map.fitBounds(HOME, { duration: 0 });
  }
}
