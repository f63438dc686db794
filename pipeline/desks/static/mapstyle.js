// How the map looks, in light and in dark. Names are drawn with the reader's own fonts: nothing is loaded for them.

import { language } from "./words.js";

const LIGHT = { water: "#dfe7ee", land: "#f7f7f4", home: "#ffffff", border: "#808a95", ink: "#1b1f24", halo: "#ffffff", camera: "#5c7f9e", trail: "#0b5394",
  low: "#4c5560", normal: "#0b5394", high: "#8f4a00", urgent: "#b00020" };
const DARK = { water: "#0c1013", land: "#171c21", home: "#1e262d", border: "#7d8894", ink: "#eef1f4", halo: "#14181c", camera: "#7fa6c9", trail: "#8ec5ff",
  low: "#b6c0ca", normal: "#8ec5ff", high: "#ffb454", urgent: "#ff939c" };

/** Whether the page is dark now. */
export function dark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

const empty = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
/** The radius of a camera, pixels; more: by so much above that of the dispatch desk's, where alerts are what is looked for. */
const cameraSize = (more) => ["interpolate", ["linear"], ["zoom"], 7, ["+", 1.2, ["*", 1.8, more]], 11, ["+", 4, more], 15, ["+", 7, more]];
const byRank = (colours) => ["match", ["get", "rank"], 4, colours.urgent, 3, colours.high, 2, colours.normal, colours.low];

/** The style of MapLibre. @param {{land: object, provinces: object, labels: object}} base static/map.json  @param {boolean} isDark */
export function style(base, isDark) {
  const c = isDark ? DARK : LIGHT;
  const regions = new Intl.DisplayNames([language], { type: "region" });
  const named = (text, size) => ({ "text-field": text, "text-size": size, "text-font": ["sans-serif"] });
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: base.land },
      countries: { type: "geojson", data: countryNames(regions) },
      provinces: { type: "geojson", data: base.provinces },
      names: { type: "geojson", data: base.labels },
      cameras: empty, alerts: empty, trail: empty,
    },
    layers: [
      { id: "water", type: "background", paint: { "background-color": c.water } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": ["match", ["get", "country"], "BE", c.home, c.land] } },
      { id: "provinces", type: "line", source: "provinces", paint: { "line-color": c.border, "line-width": 0.6, "line-dasharray": [3, 2] } },
      { id: "borders", type: "line", source: "land", paint: { "line-color": c.border, "line-width": 1.4 } },
      { id: "cameras", type: "circle", source: "cameras", paint: { "circle-color": ["match", ["get", "how"], "wrong", c.urgent, "never", c.high, "apart", c.low, c.camera], "circle-opacity": ["match", ["get", "how"], ["wrong", "never"], 1, 0.7], "circle-radius": cameraSize(["match", ["get", "how"], ["wrong", "never"], 2, ["well", "apart"], 1, 0]) } },
      { id: "names", type: "symbol", source: "names", layout: named(["get", language], 12), paint: { "text-color": c.ink, "text-halo-color": c.halo, "text-halo-width": 1.5 } },
      { id: "countries", type: "symbol", source: "countries", layout: named(["get", "name"], 15), paint: { "text-color": c.ink, "text-halo-color": c.halo, "text-halo-width": 1.5, "text-opacity": 0.75 } },
      { id: "alerts", type: "circle", source: "alerts", paint: { "circle-color": byRank(c), "circle-radius": ["interpolate", ["linear"], ["get", "rank"], 1, 4, 4, 7.5], "circle-stroke-color": c.halo, "circle-stroke-width": 1.5 } },
      { id: "along", type: "line", source: "trail", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": c.trail, "line-width": 3, "line-dasharray": [2, 1] } },
      { id: "seen", type: "circle", source: "trail", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": ["case", ["get", "last"], byRank(c), c.halo], "circle-radius": ["case", ["get", "last"], 11, 9], "circle-stroke-color": ["case", ["get", "last"], c.ink, c.trail], "circle-stroke-width": 2.5 } },
      { id: "order", type: "symbol", source: "trail", filter: ["==", ["geometry-type"], "Point"], layout: { ...named(["get", "number"], 11), "text-allow-overlap": true }, paint: { "text-color": ["case", ["get", "last"], c.halo, c.ink] } },
    ],
  };
}

/** Where the neighbours' names stand: within what is seen of them around Belgium. */
function countryNames(regions) {
  const places = { NL: [5.3, 51.75], DE: [6.75, 50.75], FR: [3.6, 49.6], LU: [6.1, 49.75], GB: [1.0, 51.25] };
  const features = Object.entries(places).map(([one, coordinates]) => ({ type: "Feature", properties: { name: regions.of(one) }, geometry: { type: "Point", coordinates } }));
  return { type: "FeatureCollection", features };
}
