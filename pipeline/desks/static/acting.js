// What a person may do about an incident, and why not: the rules of the agent incidents, so that a key that cannot count says so.

import { ENDED } from "./incidents.js";

/** @typedef {"take" | "confirm" | "misread" | "dismiss" | "hand_over" | "close" | "undo"} Did */

/** The key of each, in the order of the buttons. @type {Array<[Did, string]>} */
export const KEYS = [["take", "t"], ["confirm", "c"], ["misread", "x"], ["dismiss", "d"], ["hand_over", "h"], ["close", "e"]];
export const ENDS = ["misread", "dismiss", "close"];
export const DISMISSALS = ["not_wanted_any_more", "innocent_vehicle", "duplicate", "no_unit", "exercise", "other"];
export const ENDINGS = ["stopped", "observed", "lost", "not_found", "passed_on", "no_unit"];

/**
 * Why this cannot be done now: the end of a key of the catalogue (cannot.*); null: it can.
 * @param {import("./incidents.js").Incident} incident  @param {import("./incidents.js").Sighting} sighting the one that is shown
 * @param {Did} did  @param {string} me user_id
 * @returns {string | null}
 */
export function hindrance(incident, sighting, did, me) {
  const { told } = incident;
  if (!told) return "unknown";
  if (ENDED.includes(incident.phase)) return "over";
  const mine = told.holder === me, others = Boolean(told.holder) && !mine;
  if (did === "take") return mine ? "yours" : null;
  if (did === "hand_over" || did === "close") return mine ? null : others ? "held" : "take_first";
  if (others) return "held";
  if (sighting.withdrawal && did !== "dismiss") return "withdrawn";
  if (did === "confirm" && !sighting.alert.confirm) return sighting.alert.confirmed ? "confirmed" : mine ? "certain_yours" : "certain";
  return null;
}

/** What a person said that this hit really is; undefined: nobody called it a misread. @param {import("./story.js").Shown | null} shown  @param {string} alertId @returns {{plate: string, plate_country?: string} | undefined} */
export const misread = (shown, alertId) => (shown?.steps ?? []).findLast((one) => one.did === "misread" && one.alert_id === alertId && !one.undone_by);

/** Whether this desk is asked: it was handed over to it, it or everybody is alarmed because nobody answered, a neighbour is silent, or has not got a recall, however the incident ended. @param {import("./incidents.js").Told | undefined} told  @param {string | undefined} desk */
export const asks = (told, desk) =>
  Boolean(told && desk) && ((told.last?.forward_id && (told.last.recall || !ENDED.includes(told.phase)) && [desk, undefined].includes(told.desk)) || (told.phase === "handed_over" && told.desk === desk) || (["new", "handed_over"].includes(told.phase) && (told.everybody || (told.alarmed ?? []).includes(desk))));

/** Whether what is told of an incident alarms this desk now: it is asked from now on, or once more. @param {import("./incidents.js").Told | undefined} before  @param {import("./incidents.js").Told | undefined} told  @param {string | undefined} desk */
export const alarms = (before, told, desk) =>
  asks(told, desk) && (!asks(before, desk) || (told.last?.did === "alarmed" && told.last.number > (before.last?.number ?? 0) && [desk, undefined].includes(told.last.desk)));
