// The record's log as RFC 6962 and c2sp.org define it: hashes, proofs, and checkpoints. The page checks them itself.

const bytes = (encoded) => Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
const hash = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer()));
export const hex = (data) => [...data].map((one) => one.toString(16).padStart(2, "0")).join("");
export const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const LEAF = Uint8Array.of(0), NODE = Uint8Array.of(1);
const WIDTH = 256;

const node = async (left, right) => {
  const both = new Uint8Array(65);
  both.set(NODE);
  both.set(left, 1);
  both.set(right, 33);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", both));
};

/** The hash by which a record stands in the log. @param {string} record as it was written */
export const leafOf = async (record) => hash(LEAF, await hash(new TextEncoder().encode(record)));

/** A growing tree: all that appending needs. */
export class Tree {
  constructor() {
    this.size = 0;
    this.subtrees = /** @type {Uint8Array[]} */ ([]);
  }

  /** Add one entry, of which the leaf hash is known. @param {Uint8Array} leaf */
  async append(leaf) {
    let root = leaf;
    for (let size = this.size; size % 2; size = (size - 1) / 2) root = await node(this.subtrees.pop(), root);
    this.subtrees.push(root);
    this.size += 1;
  }

  /** The root over all entries. */
  async root() {
    if (!this.size) return hash();
    let root = this.subtrees.at(-1);
    for (const subtree of this.subtrees.slice(0, -1).reverse()) root = await node(subtree, root);
    return root;
  }
}

/** The root that a leaf and its proof lead to; null for a proof of the wrong length. */
export async function rootOf(leaf, index, size, proof) {
  let root = leaf, at = index, last = size - 1, used = 0;
  for (; last > 0; at = Math.floor(at / 2), last = Math.floor(last / 2)) {
    if (at % 2 === 0 && at === last) continue;
    if (used === proof.length) return null;
    const step = proof[used++];
    root = at % 2 ? await node(step, root) : await node(root, step);
  }
  return used === proof.length ? root : null;
}

/** What a signed checkpoint says. @returns {{origin: string, size: number, root: Uint8Array, text: string, signatures: {name: string, data: Uint8Array}[]} | null} */
export function checkpointOf(note) {
  const [head, tail] = note.split("\n\n");
  const [origin, size, root, ...more] = head.split("\n");
  if (tail === undefined || !/^(0|[1-9]\d{0,15})$/.test(size ?? "") || more.length) return null;
  try {
    const signatures = tail.split("\n").filter(Boolean).map((line) => {
      const [, name, data] = /^— (\S+) (\S+)$/.exec(line);
      return { name, data: bytes(data) };
    });
    return { origin, size: Number(size), root: bytes(root), text: `${head}\n`, signatures };
  } catch {
    return null;
  }
}

/** Whether a checkpoint is signed by a log's key, NAME+ID+KEY; null: this browser cannot tell, or this is no such key. */
export async function isSigned(checkpoint, key) {
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(key.trim()) ?? [];
  try {
    const data = bytes(encoded);
    if (data.length !== 33 || data[0] !== 1) return null;
    const mine = checkpoint.signatures.find((one) => one.name === name && hex(one.data.slice(0, 4)) === id);
    const publicKey = await crypto.subtle.importKey("raw", data.slice(1), "Ed25519", false, ["verify"]);
    if (!mine || name !== checkpoint.origin) return false;
    return await crypto.subtle.verify("Ed25519", publicKey, mine.data.slice(4), new TextEncoder().encode(checkpoint.text));
  } catch {
    return null;
  }
}

/** The path of a tile of leaf hashes, c2sp.org/tlog-tiles: tile/0/x001/234.p/56. */
export function tilePath(index, width) {
  const groups = [];
  for (let rest = index, first = true; first || rest; rest = Math.floor(rest / 1000), first = false) groups.unshift(String(rest % 1000).padStart(3, "0"));
  const named = groups.map((one, at) => (at < groups.length - 1 ? `x${one}` : one)).join("/");
  return `0/${named}${width < WIDTH ? `.p/${width}` : ""}`;
}

/** The tiles of a log of so many entries, first to last: index and width. */
export function* tilesOf(size) {
  for (let index = 0; index * WIDTH < size; index++) yield { index, width: Math.min(WIDTH, size - index * WIDTH) };
}

/** The hashes in a tile. @param {ArrayBuffer} data */
export const hashesIn = (data) => Array.from({ length: Math.floor(data.byteLength / 32) }, (_one, at) => new Uint8Array(data.slice(at * 32, at * 32 + 32)));
