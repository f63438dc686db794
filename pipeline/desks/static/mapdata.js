// What the map shows, as GeoJSON: cameras, the latest place of each open incident, and the chosen one's trail. It draws nothing.

/** @typedef {import("./mapcameras.js").Camera} Camera  @typedef {import("./incidents.js").Incident} Incident */

const collection = (features) => ({ type: "FeatureCollection", features });
const point = (coordinates, properties) => ({ type: "Feature", properties, geometry: { type: "Point", coordinates } });

/** Where a read was taken, as longitude and latitude; null: nobody knows. @param {import("./incidents.js").Read} read  @param {Map<string, Camera>} cameras */
export function placeOf(read, cameras) {
  return read.position ? [read.position.lon, read.position.lat] : cameras.get(read.camera_id)?.at ?? null;
}

/** @param {Map<string, Camera>} cameras */
export const cameraPoints = (cameras) => collection([...cameras.values()].map(({ name, at }) => point(at, { name })));

/** The latest place of each, the most urgent drawn last. @param {Incident[]} incidents most urgent first  @param {Map<string, Camera>} cameras */
export function alertPoints(incidents, cameras) {
  const shown = [];
  for (const one of incidents) {
    const at = placeOf(one.last.alert.read, cameras);
    if (at) shown.push(point(at, { id: one.id, rank: one.rank, plate: one.best.alert.read.plate, name: one.last.place ?? one.last.alert.read.camera_id }));
  }
  return collection(shown.reverse());
}

/**
 * The trail: a point for each sighting, numbered as in the list from the first on, and the line along them.
 * @param {Incident | undefined} incident  @param {Map<string, Camera>} cameras
 */
export function trail(incident, cameras) {
  const seen = incident ? [...incident.trail].reverse().map((one, index) => ({ at: placeOf(one.alert.read, cameras), one, number: String(index + 1) })).filter(({ at }) => at) : [];
  const points = seen.map(({ at, one, number }, index) => point(at, { number, name: one.place ?? one.alert.read.camera_id, rank: incident.rank, last: index === seen.length - 1 }));
  const along = seen.map(({ at }) => at);
  return { along, shown: collection(along.length > 1 ? [{ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: along } }, ...points] : points) };
}
