// What the agents note on an alert or a violation, in the reader's words: each note is one sentence of theirs, told by its pattern.

import { country, named, t } from "./words.js";

/** Each pattern with the key of its words; its groups are their values. No key: what the screen shows anyway. @type {Array<[RegExp, string]>} */
const NOTES = [
  [/^read as \w+, wanted \S+$/, ""], // the marked characters show it
  [/^country read as (?<read>\w+), wanted (?<wanted>\w+): downgraded from (?<priority>\w+)$/, "country"],
  [/^(?<ways>.+) are two vehicles of (?<country>\w+) with this text$/, "two"],
  [/^the camera does not say how sure it is: look at the picture$/, "unstated"],
  [/^found afterwards: the entry arrived after the capture and says that it held then$/, "afterwards"],
  [/^read as \w+, where O and 0, I and 1 count as one: it may be another vehicle, such as (?<plate>\w+)$/, "twin"],
  [/^read as \w+, where O and 0, I and 1 count as one: it may be another vehicle$/, "twin.any"],
  [/^class seen as (?<class>\w+), wanted (?<class_wanted>\w+)$/, "class"],
  [/^make seen as (?<read>.+), wanted (?<wanted>.+)$/, "make"],
  [/^colour seen as (?<colour>.+), wanted (?<colour_wanted>.+)$/, "colour"],
  [/^(?<plate>\w+) is excluded by (?<id>\S+) of (?<owner>[^:]+): (?<why>[^]*)$/, "excluded"],
  [/^known: (?<id>\S+) of (?<owner>[^:]+): (?<why>[^]*)$/, "known"],
  [/^looks like what is watched for: (?<make>.+), (?<colour>[^,]+); its plate is not known$/, "looks"],
  [/^two vehicles bear this plate: none could reach both places in the time; one of them may be innocent$/, "copied"],
  [/^rings again: surer than what rang before$/, "again.surer"],
  [/^rings again: more urgent than what rang before$/, "again.urgent"],
  [/^rings again: no vehicle that rang before could be here by now at (?<kmh>\d+) km\/h$/, "again.elsewhere"],
  [/^colour: (?<colour>.+) at the entry, (?<colour_exit>.+) at the exit$/, "ends.colour"],
  [/^make: (?<read>.+) at the entry, (?<exit>.+) at the exit$/, "ends.make"],
  [/^plate: (?<read>\w+) at the entry, (?<exit>\w+) at the exit$/, "ends.plate"],
  [/^plate: O and 0, I and 1 count as one; it may be (?<plate>\w+)$/, "ends.twin"],
];

/** A note in the reader's words; "" where nothing is to be said. A sentence that has no words here is shown as it is. @param {string} note */
export function noted(note) {
  const [pattern, key] = NOTES.find(([one]) => one.test(note)) ?? [];
  if (!pattern) return note;
  const values = Object.entries(note.match(pattern)?.groups ?? {}).map(([name, value]) => [name, worded(name.split("_")[0], value)]);
  return key && t(`note.${key}`, Object.fromEntries(values));
}

/** The word for a value of this kind. @param {string} kind  @param {string} value */
function worded(kind, value) {
  if (kind === "country") return country(value);
  return ["class", "priority", "colour"].includes(kind) ? named(kind, value.toLowerCase()) : value;
}
