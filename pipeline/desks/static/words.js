// The words and times of all pages, in the reader's language. Every word on screen comes from a catalogue: words.LANGUAGE.json has
// those of all pages, words.PART.LANGUAGE.json those of the parts that a page names: <body data-words="PART PART">.

export const LANGUAGES = ["fr", "nl", "de", "en"];
const KEPT = "vigie.language";
const ZONE = "Europe/Brussels";

const PARTS = ["", ...(document.body.dataset.words ?? "").split(" ").filter(Boolean)];
const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DAY = { day: "2-digit", month: "2-digit", year: "numeric" };

/** The language that the reader chose, else the first of the browser's that there is, else English. */
export let language = LANGUAGES.find((one) => one === localStorage.getItem(KEPT))
  ?? navigator.languages.map((one) => one.slice(0, 2)).find((one) => LANGUAGES.includes(one)) ?? "en";

/** @type {Record<string, string>} */
let catalogue;
let plural, regions, local, universal, localDay, localMinute;
await speak(language);

/** Take up a language, once its words are there. @param {string} chosen */
async function speak(chosen) {
  const parts = await Promise.all(PARTS.map(async (part) => (await fetch(`/static/words.${part && `${part}.`}${chosen}.json`)).json()));
  const format = (options) => new Intl.DateTimeFormat(chosen === "en" ? "en-GB" : `${chosen}-BE`, { hourCycle: "h23", ...options });
  catalogue = Object.assign({}, ...parts);
  plural = new Intl.PluralRules(chosen);
  regions = new Intl.DisplayNames([chosen], { type: "region", fallback: "code" });
  local = format({ ...TIME, timeZone: ZONE });
  universal = format({ ...TIME, timeZone: "UTC" });
  localDay = format({ ...DAY, timeZone: ZONE });
  localMinute = format({ ...DAY, hour: "2-digit", minute: "2-digit", timeZone: ZONE });
  document.documentElement.lang = language = chosen;
}

/** Whether the catalogue has this key. @param {string} key */
export const has = (key) => Object.hasOwn(catalogue, key);

/**
 * The words of this key, with {name} replaced by values.name. values.n chooses between key.one and key.other, where there are.
 * @param {string} key  @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const counted = "n" in values ? `${key}.${plural.select(Number(values.n))}` : key;
  const words = catalogue[counted] ?? catalogue[`${key}.other`] ?? catalogue[key] ?? key;
  return words.replace(/{(\w+)}/g, (_all, name) => String(values[name] ?? ""));
}

/** Words for a value of the API that has a catalogue entry; else the value as it is. @param {string} group  @param {string} value */
export const named = (group, value) => (has(`${group}.${value}`) ? t(`${group}.${value}`) : value.replaceAll("_", " "));

/** What a wanted vehicle is wanted for, in the reader's language. @param {string} category */
export const offence = (category) => named("offence", category.toLowerCase().replaceAll(" ", "_"));

/** Where a heading leads, as a person at a radio says it, and in degrees. @param {number} degrees clockwise from north */
export const heading = (degrees) => `${t(`wind.${Math.round(degrees / 45) % 8}`)} (${Math.round(degrees)}°)`;

/** The name of a country in the reader's language. @param {string} code */
export const country = (code) => (/^[A-Z]{2}$/.test(code) ? regions.of(code) : code);

/** Keep the reader's choice, and tell the page to draw itself anew with it (event "language"): what was typed stays. @param {string} chosen */
export async function choose(chosen) {
  localStorage.setItem(KEPT, chosen);
  await speak(chosen);
  dispatchEvent(new Event("language"));
}

/** Fill in the words of a page: data-t names the text of an element, data-t-label its label. @param {ParentNode} root */
export function translate(root) {
  for (const one of root.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
  for (const one of root.querySelectorAll("[data-t-label]")) one.setAttribute("aria-label", t(one.dataset.tLabel));
}

/** Time of day in Brussels. @param {number} ms UTC */
export const clock = (ms) => local.format(ms);
/** The same moment in UTC, to be shown beside it. @param {number} ms */
export const utc = (ms) => `${universal.format(ms)} UTC`;
/** The day in Brussels. @param {number} ms UTC */
export const day = (ms) => localDay.format(ms);
/** Day and minute in Brussels. @param {number} ms UTC */
export const when = (ms) => localMinute.format(ms);

/** How long this is, short enough for a column: 4 s, 12 min, 2 h 05. @param {number} ms */
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor(s / 60) % 60).padStart(2, "0")}`;
}
