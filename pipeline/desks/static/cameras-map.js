// The cameras on the map: each in the colour of how it does. Without WebGL the table shows all of it.

import { useEffect, useRef, useState } from "./vendor/hooks.mjs";
import { html } from "./draw.js";
import { howOf } from "./fleet.js";
import { around, beginMap, HOME, useDark } from "./mapground.js";
import { language, t } from "./words.js";

const ORDER = ["apart", "well", "never", "wrong"]; // the worst is drawn last, above the others

/** @param {{found: import("./fleet.js").Shown[] | null, open: (id: string) => void}} props */
export function CamerasMap({ found, open }) {
  const box = useRef(null), held = useRef(/** @type {any} */ (null)), latest = useRef(open);
  const [state, setState] = useState("loading"), [said, setSaid] = useState(""), isDark = useDark();
  latest.current = open;
  useEffect(() => {
    const gone = new AbortController();
    beginMap(box.current, isDark, gone.signal, setState).then((map) => {
      if (!map) return;
      held.current = map;
      map.on("click", (event) => {
        const [one] = under(map, event.point);
        if (one) latest.current(one.properties.id);
      });
      map.on("mousemove", (event) => {
        const [one] = under(map, event.point);
        map.getCanvas().style.cursor = one ? "pointer" : "";
        setSaid(one?.properties.name ?? "");
      });
      setState("there");
    }, () => { if (!gone.signal.aborted) setState("failed"); });
    return () => {
      gone.abort();
      held.current = null;
    };
  }, [isDark, language]);
  useEffect(() => { if (state === "there" && found) held.current?.getSource("cameras")?.setData(points(found)); }, [state, found, isDark, language]);
  const there = state === "there", map = () => held.current;
  return html`<div class="map framed">
    <div class="ground" ref=${box}></div>
    ${!there && html`<p class="instead" role="status">${t(`map.${state}`)}</p>`}
    <div class="mapkeys">${there && html`<button type="button" aria-label=${t("map.nearer")} onClick=${() => map()?.zoomIn()}>+</button>
      <button type="button" aria-label=${t("map.further")} onClick=${() => map()?.zoomOut()}>−</button>
      <button type="button" onClick=${() => map()?.fitBounds(HOME, { duration: 0 })}>${t("map.home")}</button>`}</div>
    <p class="mapsaid"><span role="status">${said || t("cameras.map.legend")}</span> <small>Natural Earth · MapLibre</small></p>
  </div>`;
}

const under = (map, point) => map.queryRenderedFeatures(around(point), { layers: ["cameras"] });

function points(found) {
  const shown = found.filter(({ camera }) => camera.position).map((one) => ({ type: "Feature", properties: { id: one.camera.camera_id, name: one.camera.name, how: howOf(one) },
    geometry: { type: "Point", coordinates: [one.camera.position.lon, one.camera.position.lat] } }));
  return { type: "FeatureCollection", features: shown.sort((a, b) => ORDER.indexOf(a.properties.how) - ORDER.indexOf(b.properties.how)) };
}
