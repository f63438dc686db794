// The words and times of all pages, in the reader's language. Every word on screen comes from a catalogue: words.LANGUAGE.json has
// those of all pages, words.PART.LANGUAGE.json those of the parts that a page names: <body data-words="PART PART">.

export const LANGUAGES = ["fr", "nl", "de", "en"];
const KEPT = "vigie.language";
const ZONE = "Europe/Brussels";

/** The language that the reader chose, else the first of the browser's that there is, else English. */
export const language = LANGUAGES.find((one) => one === localStorage.getItem(KEPT))
  ?? navigator.languages.map((one) => one.slice(0, 2)).find((one) => LANGUAGES.includes(one)) ?? "en";

/** @type {Record<string, string>} */
const catalogue = Object.assign({}, ...await Promise.all(["", ...(document.body.dataset.words ?? "").split(" ").filter(Boolean)].map(
  async (part) => (await fetch(`/static/words.${part && `${part}.`}${language}.json`)).json())));
const plural = new Intl.PluralRules(language);
document.documentElement.lang = language;

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

const regions = new Intl.DisplayNames([language], { type: "region", fallback: "code" });

/** The name of a country in the reader's language. @param {string} code */
export const country = (code) => (/^[A-Z]{2}$/.test(code) ? regions.of(code) : code);

/** Keep the reader's choice, and begin the page anew with it. @param {string} chosen */
export function choose(chosen) {
  localStorage.setItem(KEPT, chosen);
  location.reload();
}

/** Fill in the words of a page: data-t names the text of an element, data-t-label its label. @param {ParentNode} root */
export function translate(root) {
  for (const one of root.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
  for (const one of root.querySelectorAll("[data-t-label]")) one.setAttribute("aria-label", t(one.dataset.tLabel));
}

const format = (options) => new Intl.DateTimeFormat(language === "en" ? "en-GB" : `${language}-BE`, { hourCycle: "h23", ...options });
const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DAY = { day: "2-digit", month: "2-digit", year: "numeric" };
const local = format({ ...TIME, timeZone: ZONE }), universal = format({ ...TIME, timeZone: "UTC" });
const localDay = format({ ...DAY, timeZone: ZONE });
const localMinute = format({ ...DAY, hour: "2-digit", minute: "2-digit", timeZone: ZONE });

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
