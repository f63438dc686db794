// A magistrate's signing key in this browser. It is made here, kept encrypted under a secret that only the passkey gives (WebAuthn's
// extension PRF), and never sent: whoever has the disk, or the session, cannot sign.

import { ask, Refused } from "./api.js";
import * as passkeys from "./passkeys.js";
import { t } from "./words.js";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING = { name: "ECDSA", hash: "SHA-256" };
const STORE = "signing_keys";

/** The keys of who is logged in, with whether each is in this browser. Throws Refused. */
export async function list() {
  const [{ items }, here] = await Promise.all([ask("GET", "/signing_keys"), stored("readonly", (store) => store.getAllKeys())]);
  return items.map((one) => ({ ...one, here: here.includes(one.key_id) }));
}

/** Make a key for this person, and enrol it. Resolves to the key. Throws Refused. */
export async function make(userId) {
  const salt = crypto.getRandomValues(new Uint8Array(32));
  const wrapping = await wrappingKey(salt);
  const { privateKey, publicKey } = await crypto.subtle.generateKey(CURVE, true, ["sign"]);
  const encoded = passkeys.text(await crypto.subtle.exportKey("spki", publicKey));
  const proof = passkeys.text(await crypto.subtle.sign(SIGNING, privateKey, utf8(`vigie enrolment\n${userId}\n${encoded}`)));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const wrapped = await crypto.subtle.wrapKey("pkcs8", privateKey, wrapping, { name: "AES-GCM", iv });
  const key = await ask("POST", "/signing_keys", { public_key: encoded, proof });
  await stored("readwrite", (store) => store.put({ key_id: key.key_id, wrapped, iv, salt }));
  return key;
}

/** Sign a text with a key of this browser. Resolves to the signed text, as `vigie users key verify` takes it. Throws Refused. */
export async function sign(keyId, words) {
  const kept = await stored("readonly", (store) => store.get(keyId));
  if (!kept) throw new Refused(0, "key", () => t("signing.not_here"));
  const parameters = [CURVE, false, ["sign"]];
  const key = await crypto.subtle.unwrapKey("pkcs8", kept.wrapped, await wrappingKey(kept.salt), { name: "AES-GCM", iv: kept.iv }, ...parameters)
    .catch(() => { throw new Refused(0, "key", () => t("signing.other_passkey")); });
  const at = Date.now();
  const signature = passkeys.text(await crypto.subtle.sign(SIGNING, key, utf8(`vigie authorisation\n${keyId}\n${at}\n${words}`)));
  return { text: words, key_id: keyId, signed_at_ms: at, signature };
}

/** Revoke a key, and delete it here. Throws Refused. */
export async function revoke(keyId) {
  await ask("DELETE", `/signing_keys/${keyId}`);
  await stored("readwrite", (store) => store.delete(keyId));
}

async function wrappingKey(salt) {
  const secret = await passkeys.secret(salt);
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt, info: utf8("vigie signing key") };
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
}

const utf8 = (words) => new TextEncoder().encode(words);

/** Do one thing with the store of this browser. */
async function stored(mode, work) {
  const opened = indexedDB.open("vigie", 1);
  opened.onupgradeneeded = () => opened.result.createObjectStore(STORE, { keyPath: "key_id" });
  const database = await settled(opened);
  try {
    return await settled(work(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

const settled = (request) => new Promise((done, failed) => {
  request.onsuccess = () => done(request.result);
  request.onerror = () => failed(new Refused(0, "store", () => t("signing.no_store")));
});
