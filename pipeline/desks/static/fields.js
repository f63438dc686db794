// Items of the reference data field by field, in the reader's words: as what waits for approval, and what changed of an entry.

import { html } from "./draw.js";
import { Moment } from "./moments.js";
import { country, named, offence, span, t } from "./words.js";

const GROUPS = { role: "role", lists: "hotlist", hotlist: "hotlist", networks: "network", priority: "priority", action: "action", vehicle_class: "class", directions: "value", channel: "value", kind: "value", road: "value" };
const OWN = { country, share_with: country, category: offence, categories: offence, min_confidence: (share) => `${Math.round(share * 100)} %` };
const AGES_MS = 1e11; // what is larger is a moment, not a duration

/** The words for a field's name. @param {string} name */
export const titled = (name) => named("field", name);

/** A field's value in words. @param {string} name  @param {any} value */
export function told(name, value) {
  if (value === undefined || value === null) return "-";
  if (Array.isArray(value)) return typeof value[0] === "object" ? html`<ol>${value.map((one) => html`<li><${Fields} item=${one} /></li>`)}</ol>` : value.map((one) => told(name, one)).join(", ") || "-";
  if (typeof value === "object") return html`<${Fields} item=${value} group=${name === "class_limits_kmh" ? "class" : "field"} />`;
  if (typeof value === "boolean") return t(value ? "value.yes" : "value.no");
  if (name.endsWith("_ms")) return value > AGES_MS ? html`<${Moment} ms=${value} />` : value < 1000 ? `${value} ms` : span(value);
  return OWN[name]?.(value) ?? (GROUPS[name] ? named(GROUPS[name], value) : String(value));
}

/** All fields of an item. group: of the words for their names. @param {{item: object, group?: string}} props */
export function Fields({ item, group = "field" }) {
  return html`<dl>${Object.entries(item).map(([name, value]) => html`<dt>${named(group, name)}</dt><dd>${told(name, value)}</dd>`)}</dl>`;
}
