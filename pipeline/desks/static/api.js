// The API for pages: one function for requests, and its refusals as errors with words for people.

import { has, t } from "./words.js";

const PREFIX = "/api/v1";

let aheadMs = 0; // the server's clock before this machine's, as its last answer said

/** The server's time, ms UTC; to the second. */
export const now = () => Date.now() + aheadMs;

/** A refusal (RFC 9457). rule: short and stable; message: for people; waitS: in how many seconds it may be tried again; detail: what
 *  exactly was wrong, in the server's words; refused: of an action that did not count, who was first. */
export class Refused extends Error {
  /** @param {number} status  @param {string} rule  @param {() => string} told the message, in the language of whoever reads it then  @param {number} [waitS]  @param {string} [detail]  @param {object} [refused] */
  constructor(status, rule, told, waitS = 0, detail = "", refused = undefined) {
    super();
    Object.assign(this, { told, status, rule, waitS, detail, refused });
  }

  get message() {
    return this.told();
  }
}

/** The headers that say why plates are shown. @param {string} reason  @param {string} [reference] the case */
export const because = (reason, reference = "") => ({
  "Vigie-Reason": encodeURIComponent(reason), ...(reference ? { "Vigie-Case": encodeURIComponent(reference) } : {}),
});

/**
 * Send one request. Resolves to the answer's JSON, null where it has none. Throws Refused.
 * @param {string} method  @param {string} path below /api/v1  @param {object} [body]
 * @param {Record<string, string>} [headers] further ones
 */
export async function ask(method, path, body, headers = {}) {
  const json = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await sent(path, { method, headers: { ...json, ...headers }, body: body === undefined ? undefined : JSON.stringify(body) });
  return answer.status === 204 ? null : answer.json();
}

/** Every item of a list, page by page. @param {string} path  @param {Record<string, string>} [headers]  @returns {Promise<any[]>} */
export async function every(path, headers = {}) {
  const items = [];
  let cursor = "";
  do {
    const page = await ask("GET", cursor ? `${path}?cursor=${encodeURIComponent(cursor)}` : path, undefined, headers);
    items.push(...page.items);
    cursor = page.next ?? "";
  } while (cursor);
  return items;
}

/** Ask for what is not JSON: a picture, the live stream. Resolves to the answer. Throws Refused. @param {string} path  @param {RequestInit} [how] */
export const fetched = (path, how = {}) => sent(path, how);

async function sent(path, how) {
  let answer;
  try {
    answer = await fetch(PREFIX + path, how);
  } catch (error) {
    if (how.signal?.aborted) throw error;
    throw new Refused(0, "away", () => t("refused.away"));
  }
  const saidMs = Date.parse(answer.headers.get("Date") ?? "");
  if (saidMs && Math.abs(saidMs - now()) > 1000) aheadMs = saidMs - Date.now();
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  const rule = String(said.type ?? "").split(":").pop();
  throw new Refused(answer.status, rule, () => words(rule, answer.status), Number(answer.headers.get("Retry-After") ?? 0), said.detail ?? "", said.refused);
}

function words(rule, status) {
  if (has(`refused.${rule}`)) return t(`refused.${rule}`);
  if (status >= 500) return t("refused.unavailable");
  return t(status === 403 ? "refused.right" : status === 404 ? "refused.not_found" : "refused.other", { rule: rule || status });
}
