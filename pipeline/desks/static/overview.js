// What a shift leaves to the next, and how much it rang: pure counts over what the desk knows.

export const HANDLES = 6; // alerts an hour that one person looks into: ten minutes each
const HOUR_MS = 3_600_000;

/** @typedef {import("./incidents.js").Incident} Incident
 *  @typedef {{mine: Incident[], waits: Incident[], nobody: Incident[], others: Incident[], on: Incident[]}} Groups
 *    mine: held by this person; waits: handed over to this desk; nobody: nobody has it; others: held by another; on: handed on to another desk */

/**
 * The open incidents by who has them, each group most urgent first.
 * @param {Incident[]} incidents sorted  @param {{user_id: string, shift?: {desk_id: string}}} me
 * @returns {Groups}
 */
export function groupsOf(incidents, me) {
  /** @type {Groups} */
  const groups = { mine: [], waits: [], nobody: [], others: [], on: [] };
  for (const one of incidents) {
    const { told } = one;
    if (told?.phase === "handed_over") groups[told.desk === me.shift?.desk_id ? "waits" : "on"].push(one);
    else if (!told?.holder) groups.nobody.push(one);
    else groups[told.holder === me.user_id ? "mine" : "others"].push(one);
  }
  return groups;
}

/** Whether an alert rang when it was new. A later revision rings no more; of it, the first alert of a live incident did. @param {import("./incidents.js").Alert} alert */
const hasRung = (alert) => !alert.silent && (alert.rings || ((alert.revision ?? 1) > 1 && alert.live && alert.alert_id === alert.incident_id));

/** How many alerts rang within the hour before now, and within the hour before that. @param {Iterable<Incident>} incidents  @param {number} nowMs */
export function rang(incidents, nowMs) {
  const counts = { last: 0, before: 0 };
  for (const { sightings } of incidents) {
    for (const { alert } of sightings.values()) {
      if (!hasRung(alert)) continue;
      const ageMs = nowMs - alert.decided_at_ms;
      if (ageMs < HOUR_MS) counts.last += 1;
      else if (ageMs < 2 * HOUR_MS) counts.before += 1;
    }
  }
  return counts;
}
