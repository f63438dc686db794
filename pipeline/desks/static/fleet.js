// What is known of the cameras, and how each does: pure sums over what the API says.

/**
 * @typedef {{kind: string, since_ms: number, found: number, usual: number}} Trouble
 * @typedef {{camera: any, zones: string[], mine: boolean, is_expected: boolean, has_sent: boolean, troubles: Trouble[], province?: {id: string, name: string}}} Shown
 * @typedef {"wrong" | "never" | "apart" | "well"} How wrong: something is; never: nothing ever came; apart: nothing is expected of it
 */

export const STATES = ["planned", "on_trial", "active", "suspended", "retired"];
/** The worst first, as `vigie cameras health` lists them. */
export const WORST = ["silent", "blind", "moved", "dropping", "clock_lost", "clock_ahead", "behind", "everywhere", "one_plate", "poor_reads"];
export const AT_ONCE = 60; // cameras in one request, each of which the record names

/** @param {Shown} one */
export const stateOf = (one) => one.camera.state ?? "active";

/** @param {Shown} one  @returns {How} */
export const howOf = (one) => (!one.is_expected ? "apart" : one.troubles?.length ? "wrong" : one.has_sent ? "well" : "never");

/** The worst of its troubles; undefined: it has none. @param {Shown} one */
export const worst = (one) => [...(one.troubles ?? [])].sort((a, b) => WORST.indexOf(a.kind) - WORST.indexOf(b.kind))[0];

/** Where a camera stands with the worst first: by its worst trouble, then by how much is missing; then those that never sent. @param {Shown} one */
export function badness(one) {
  const first = worst(one);
  if (first) return WORST.indexOf(first.kind) - Math.min(Math.abs(first.usual - first.found), 1e6) / 1e7;
  return { never: 20, well: 30, apart: 40, wrong: 0 }[howOf(one)];
}

/**
 * The cameras that were asked for. @param {Shown[]} all
 * @param {{province: string, zone: string, state: string, how: string, text: string}} wanted "": any; how: a How, or the kind of a trouble
 */
export function chosen(all, { province, zone, state, how, text }) {
  const words = text.trim().toLowerCase();
  return all.filter((one) => (!province || (one.province?.id ?? "-") === province) && (!zone || (one.zones ?? []).includes(zone)) && (!state || stateOf(one) === state)
    && (!how || howOf(one) === how || (one.troubles ?? []).some(({ kind }) => kind === how))
    && (!words || `${one.camera.camera_id} ${one.camera.name}`.toLowerCase().includes(words)));
}

/** The cameras of each province, by state, those that this person may change. @param {Shown[]} all */
export function waves(all) {
  const found = new Map();
  for (const one of all) {
    if (!one.mine) continue;
    const id = one.province?.id ?? "-";
    if (!found.has(id)) found.set(id, { id, name: one.province?.name ?? "", of: Object.fromEntries(STATES.map((state) => [state, []])) });
    found.get(id).of[stateOf(one)].push(one);
  }
  return [...found.values()];
}
