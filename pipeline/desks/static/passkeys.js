// Passkeys (WebAuthn): each ceremony is begun by the server, answered by the browser, and ended by the server.

import { ask, Refused } from "./api.js";
import { t } from "./words.js";

/** Whether this browser has passkeys here: over TLS, or on localhost. */
export const available = Boolean(window.isSecureContext && window.PublicKeyCredential);

/** Make a passkey of this name for who is logged in. Throws Refused. */
export async function enrol(name) {
  const { ceremony, options } = await ask("POST", "/passkeys/options");
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(known),
    extensions: { prf: {} }, // so that it can give secrets: see secret
  };
  const made = await touched(() => navigator.credentials.create({ publicKey }));
  const { clientDataJSON, attestationObject } = made.response;
  await ask("POST", "/passkeys", {
    ceremony, name, id: made.id,
    response: { client_data_json: text(clientDataJSON), attestation_object: text(attestationObject) },
  });
}

/** Sign what the server asks at this path (/session/passkey, /session/proof/passkey). Resolves to its answer. Throws Refused. */
export async function sign(path) {
  return (await signed(path)).answer;
}

/** The secret of 32 bytes that a passkey gives for this salt, each time the same. It also proves again who one is. Throws Refused. */
export async function secret(salt) {
  const { given } = await signed("/session/proof/passkey", { prf: { eval: { first: salt } } });
  const found = given.getClientExtensionResults().prf?.results?.first;
  if (!found) throw new Refused(0, "passkey", () => t("passkey.no_secret"));
  return found;
}

async function signed(path, extensions = {}) {
  const { ceremony, options } = await ask("POST", `${path}/options`);
  const publicKey = { ...options, extensions, challenge: bytes(options.challenge), allowCredentials: (options.allowCredentials ?? []).map(known) };
  const given = await touched(() => navigator.credentials.get({ publicKey }));
  const { clientDataJSON, authenticatorData, signature, userHandle } = given.response;
  const answer = await ask("POST", path, {
    ceremony, id: given.id,
    response: {
      client_data_json: text(clientDataJSON), authenticator_data: text(authenticatorData), signature: text(signature),
      ...(userHandle ? { user_handle: text(userHandle) } : {}),
    },
  });
  return { given, answer };
}

async function touched(ceremony) {
  try {
    return await ceremony();
  } catch (error) {
    const known = error.name === "InvalidStateError";
    throw new Refused(0, "passkey", () => t(known ? "passkey.known" : "passkey.unused"));
  }
}

const known = (one) => ({ ...one, id: bytes(one.id) });

function bytes(encoded) {
  return Uint8Array.from(atob(encoded.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

/** Bytes in base64url without padding. */
export function text(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
