// Whether anything in the record was changed: the page computes the log's root itself, and compares it with what it kept earlier.

import { useState } from "./vendor/hooks.mjs";
import { fetched } from "./api.js";
import { html } from "./draw.js";
import { Field, Form } from "./form.js";
import { checkpointOf, hashesIn, hex, isSigned, tilePath, tilesOf, Tree } from "./merkle.js";
import { t } from "./words.js";

const KEPT = "vigie.checkpoint", KEY = "vigie.record.key";
const AGAIN_MS = 1000;

export function Check() {
  const [lines, setLines] = useState([]), [at, setAt] = useState(null);
  const check = async ({ key, earlier }) => {
    localStorage.setItem(KEY, key);
    setLines([]);
    const found = [];
    const tell = (words, values, holds = true) => setLines((found.push({ words, values, holds }), [...found]));
    const note = await (await fetched("/record/log/checkpoint")).text();
    const checkpoint = checkpointOf(note);
    if (!checkpoint) return tell("no_checkpoint", {}, false);
    tell("says", { origin: checkpoint.origin, size: checkpoint.size });
    const signed = key ? await isSigned(checkpoint, key) : null;
    tell(signed === null ? (key ? "key_unknown" : "no_key") : signed ? "signed" : "not_signed", {}, key ? signed === true : null);
    const given = earlier.replaceAll("\r\n", "\n");
    const known = [localStorage.getItem(KEPT), given].filter(Boolean).map(checkpointOf).filter((one) => one?.origin === checkpoint.origin);
    if (given && !known.some((one) => one.text === checkpointOf(given)?.text)) tell("earlier_unknown", {}, false);
    const roots = await computed(checkpoint.size, known.map((one) => one.size), setAt);
    const holds = hex(roots.get(checkpoint.size)) === hex(checkpoint.root);
    tell(holds ? "whole" : "changed", { size: checkpoint.size }, holds);
    for (const one of known) {
      const root = roots.get(one.size);
      const grown = one.size <= checkpoint.size && root !== undefined && hex(root) === hex(one.root);
      tell(one.size > checkpoint.size ? "cut" : grown ? "grown" : "rewritten", { size: one.size }, grown);
    }
    setAt(null);
    if (found.every((one) => one.holds !== false)) localStorage.setItem(KEPT, note);
  };
  return html`<p>${t("record.check.why")}</p>
    <${Form} title=${t("record.check.begin")} send=${check}>
      <${Field} name="key" title=${t("record.check.key")} value=${localStorage.getItem(KEY) ?? ""} hint=${t("record.check.key.hint")} maxlength="600" spellcheck="false" />
      <${Field} name="earlier" title=${t("record.check.earlier")} hint=${t("record.check.earlier.hint")} rows=${5} maxlength="65536" spellcheck="false" />
    <//>
    ${at !== null && html`<p role="status"><progress max="1" value=${at} aria-label=${t("record.check.computing")}></progress> ${t("record.check.computing")}</p>`}
    <div role="status"><ul class="found">${lines.map((one) => html`<li class=${one.holds === false ? "fault" : ""}>${one.holds === null ? "·" : one.holds ? "✓" : "✗"} ${t(`record.check.${one.words}`, one.values)}</li>`)}</ul></div>`;
}

/** The roots over the first so many entries, for each of these sizes up to `size`, from the log's own tiles. */
async function computed(size, others, progress) {
  const tree = new Tree(), roots = new Map();
  const note = async () => { if (tree.size === size || others.includes(tree.size)) roots.set(tree.size, await tree.root()); };
  await note();
  for (const { index, width } of tilesOf(size)) {
    for (const leaf of hashesIn(await tile(index, width)).slice(0, width)) {
      await tree.append(leaf);
      await note();
    }
    progress(tree.size / size);
  }
  if (!roots.has(size)) roots.set(size, await tree.root()); // fewer hashes than the checkpoint says: this root does not fit it
  return roots;
}

/** A tile, asked for again when it was too soon. */
async function tile(index, width) {
  for (;;) {
    try {
      return await (await fetched(`/record/log/tile/${tilePath(index, width)}`)).arrayBuffer();
    } catch (error) {
      if (error.status !== 429) throw error;
      await new Promise((done) => setTimeout(done, Math.max(AGAIN_MS, error.waitS * 1000)));
    }
  }
}
