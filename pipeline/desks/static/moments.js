// Times that people type and read in Brussels, to the second, with UTC beside them.

import { html } from "./draw.js";
import { clock, day, utc } from "./words.js";

const ZONE = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Brussels", hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });

/** Day and time in Brussels, and UTC. @param {{ms: number}} props */
export const Moment = ({ ms }) => html`<time datetime=${new Date(ms).toISOString()}>${day(ms)} ${clock(ms)}</time> <small>${utc(ms)}</small>`;

/** What a field of the kind datetime-local holds for a moment, in Brussels. @param {number} ms */
export function typed(ms) {
  const part = Object.fromEntries(ZONE.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}`;
}

/** The moment that a person typed in such a field, ms UTC; undefined for an empty one. @param {string} text */
export function moment(text) {
  const said = Date.parse(`${text}Z`);
  if (Number.isNaN(said)) return undefined;
  const ahead = (ms) => Date.parse(`${typed(ms)}Z`) - Math.floor(ms / 60_000) * 60_000;
  return said - ahead(said - ahead(said));
}
