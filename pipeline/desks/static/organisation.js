// Logins at the organisation's identity provider: the browser goes there and comes back with a code, which this page hands in.

import { ask, Refused } from "./api.js";
import { t } from "./words.js";

const KEPT = "vigie-way"; // for what this tab went there
const begin = {
  login: () => ask("POST", "/session/organisation/options"),
  proof: () => ask("POST", "/session/proof/organisation/options"),
  binding: () => ask("POST", "/binding/options"),
};
const end = {
  login: (arrival) => ask("POST", "/session/organisation", arrival),
  proof: (arrival) => ask("POST", "/session/proof/organisation", arrival),
  binding: (arrival) => ask("POST", "/binding", arrival),
};

/** The name of the identity provider's host; null where there is none. Throws Refused. */
export async function provider() {
  return (await ask("GET", "/session/ways")).organisation ?? null;
}

/** Go there: purpose is login, proof or binding. Throws Refused. */
export async function depart(purpose) {
  const { url } = await begin[purpose]();
  sessionStorage.setItem(KEPT, purpose);
  location.assign(url);
  await new Promise(() => {}); // the page is left
}

/**
 * Hand in what the browser came back with. Resolves to { purpose, me }, or null where it did not come from there. Throws Refused.
 */
export async function arrived() {
  const query = new URLSearchParams(location.search);
  const purpose = sessionStorage.getItem(KEPT);
  if (!query.has("state") || !(purpose in end)) return null;
  sessionStorage.removeItem(KEPT);
  history.replaceState(null, "", location.pathname); // a code does not stay in the address
  if (!query.has("code")) throw new Refused(0, "provider", () => t("refused.provider"));
  const iss = query.get("iss");
  return { purpose, me: await end[purpose]({ code: query.get("code"), state: query.get("state"), ...(iss ? { iss } : {}) }) };
}
