// The ground under every map: provinces, neighbours, names. Loaded when a map is shown.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { dark, style } from "./mapstyle.js";
import { t } from "./words.js";

export const HOME = [[2.45, 49.45], [6.45, 51.55]];
const BOUNDS = [[-0.9, 48.1], [9.9, 53.5]];

let kept = null;

/** What static/map.json holds, fetched once. @returns {Promise<{land: any, provinces: any, labels: any}>} */
export const ground = () => (kept ??= fetch("/static/map.json").then((one) => one.json()));

/** Whether the page is dark, as it changes. */
export function useDark() {
  const [isDark, setDark] = useState(dark());
  useEffect(() => {
    const look = () => setDark(dark());
    const watch = new MutationObserver(look), media = matchMedia("(prefers-color-scheme: dark)");
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    media.addEventListener("change", look);
    return () => { watch.disconnect(); media.removeEventListener("change", look); };
  }, []);
  return isDark;
}

/**
 * Load what is needed, and draw the ground. Resolves to the map; to null where the browser cannot (the state is "none" then), or the
 * page has gone on: with `gone` the map is removed.
 * @param {HTMLElement} box  @param {boolean} isDark  @param {AbortSignal} gone  @param {(state: string) => void} setState
 */
export async function beginMap(box, isDark, gone, setState) {
  if (!document.createElement("canvas").getContext("webgl2")) return setState("none"), null;
  const [gl, base] = await Promise.all([import("./vendor/maplibre-gl.mjs"), ground()]);
  if (gone.aborted) return null;
  const map = new gl.Map({ container: box, style: style(base, isDark), bounds: HOME, maxBounds: BOUNDS, minZoom: 5, maxZoom: 16, attributionControl: false,
    dragRotate: false, pitchWithRotate: false, touchPitch: false, fadeDuration: 0, locale: { "Map.Title": t("map") } });
  map.on("webglcontextlost", () => setState("failed"));
  gone.addEventListener("abort", () => map.remove()); // also while it is loading: no two maps lie in one box
  await new Promise((done) => { map.once("load", done); gone.addEventListener("abort", done); });
  if (gone.aborted) return null;
  setState("there");
  return map;
}

/** The box around a point that a finger means. @param {{x: number, y: number}} point */
export const around = ({ x, y }) => [[x - 6, y - 6], [x + 6, y + 6]];
