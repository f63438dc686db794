// Which of Belgium's provinces a place lies in, by the ground of the map. It draws nothing.

import { language } from "./words.js";

/** @typedef {{id: string, name: string, parts: Array<{box: number[], rings: number[][][]}>}} Province id: its English name; parts: polygons with the box around each */

/** The provinces; the name of each is in the reader's language. @param {{provinces: any, labels: any}} base static/map.json  @returns {Province[]} */
export function provincesOf({ provinces, labels }) {
  return provinces.features.map(({ geometry }, at) => {
    const names = labels.features[at].properties;
    const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    return { id: names.en, get name() { return names[language]; }, parts: polygons.map((rings) => ({ box: boxOf(rings[0]), rings })) };
  });
}

/** The province of a place; undefined: it lies in none. @param {{lon: number, lat: number} | undefined} place  @param {Province[]} provinces */
export function provinceOf(place, provinces) {
  if (!place) return undefined;
  const { lon, lat } = place;
  return provinces.find(({ parts }) => parts.some(({ box: [west, south, east, north], rings }) => lon >= west && lon <= east && lat >= south && lat <= north
    && rings.reduce((inside, ring) => inside !== crosses(ring, lon, lat), false)));
}

function boxOf(ring) {
  const lons = ring.map(([lon]) => lon), lats = ring.map(([, lat]) => lat);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** Whether a line from the place to the east crosses the ring an odd number of times. */
function crosses(ring, lon, lat) {
  let odd = false;
  for (let at = 0, before = ring.length - 1; at < ring.length; before = at++) {
    const [x, y] = ring[at], [px, py] = ring[before];
    if (y > lat !== py > lat && lon < ((px - x) * (lat - y)) / (py - y) + x) odd = !odd;
  }
  return odd;
}
