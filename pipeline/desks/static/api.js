// The API for pages: one function for requests, and its refusals as errors with words for people.

const PREFIX = "/api/v1";

/** A refusal (RFC 9457). rule: short and stable; message: for people; waitS: in how many seconds it may be tried again. */
export class Refused extends Error {
  constructor(status, rule, message, waitS = 0) {
    super(message);
    Object.assign(this, { status, rule, waitS });
  }
}

/**
 * Send one request. Resolves to the answer's JSON, null where it has none. Throws Refused.
 * @param {string} method  @param {string} path below /api/v1  @param {object} [body]
 * @param {string} [reason] why: needed where the answer shows plates and no shift says it
 */
export async function ask(method, path, body, reason) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (reason) headers["Vigie-Reason"] = encodeURIComponent(reason);
  let answer;
  try {
    answer = await fetch(PREFIX + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused(0, "away", "Vigie does not answer. Is it running? Try again.");
  }
  if (answer.status === 204) return null;
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  throw new Refused(answer.status, String(said.type ?? "").split(":").pop(), words(said, answer.status), Number(answer.headers.get("Retry-After") ?? 0));
}

function words(said, status) {
  const parts = [said.title ?? `This failed (${status}).`];
  if (said.detail) parts.push(`${said.detail}.`);
  if (said.permits && !/^(GET|POST|PUT|DELETE) /.test(said.permits)) parts.push(`What would permit it: ${said.permits}.`);
  return parts.join(" ");
}
