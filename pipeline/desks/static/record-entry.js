// One entry of the record, whole, with the proof that it is in the log as it was written.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { checkpointOf, hex, leafOf, rootOf, unhex } from "./merkle.js";
import { Moment } from "./moments.js";
import { Became, kindOf, whatOf } from "./record-search.js";
import { named, t } from "./words.js";

export function Entry({ one, close, search, fail }) {
  const [proof, setProof] = useState(null);
  useEffect(() => {
    setProof(null);
    if (!one) return;
    history.replaceState(null, "", `#${one.access_id}`);
    proven(one).then(setProof, fail);
  }, [one]);
  const shut = () => {
    history.replaceState(null, "", location.pathname);
    close();
  };
  return html`<${Dialog} open=${one !== null} wide title=${one ? kindOf(one.intent.act) : ""} close=${shut}>
    ${one && html`<${Facts} one=${one} />
      <p role="status" class="told ${proof && !proof.holds ? "wrong" : ""}">${proof ? t(`record.proof.${proof.words}`, { index: one.index, size: proof.size, origin: proof.origin }) : t("record.proof.asked")}</p>
      <p class="buttons"><button type="button" onClick=${() => search({ who: one.intent.who })}>${t("record.same_person")}</button>
        <button type="button" onClick=${shut}>${t("close")}</button></p>`}
  <//>`;
}

function Facts({ one }) {
  const { intent } = one;
  const rows = [
    ["record.at", html`<${Moment} ms=${one.at_ms} />`], ["record.who", intent.who], ["role", intent.role && named("role", intent.role)], ["desk", intent.desk],
    ["record.origin", intent.origin], ["record.what", whatOf(intent, true)], ["record.on", intent.on?.join(", ")], ["record.purpose", intent.purpose?.replaceAll("_", " ")],
    ["reason", intent.reason], ["record.case", intent.case_reference], ["record.approver", intent.approver], ["record.subjects", intent.subjects?.length && html`<code>${intent.subjects.join(" ")}</code>`],
    ["record.outcome", html`<${Became} entry=${one} />`], ["record.id", html`<code>${one.access_id}</code>`],
  ];
  return html`<dl>${rows.filter(([, value]) => value).map(([name, value]) => html`<dt>${t(name)}</dt><dd>${value}</dd>`)}</dl>`;
}

/** Whether the log holds this entry as it is shown here. holds: false when something does not fit. words: of the catalogue. */
async function proven(one) {
  const said = await ask("GET", `/record/entries/${one.index}`);
  const written = JSON.parse(said.record);
  if (written.access_id !== one.access_id || written.at_ms !== one.at_ms || !same(written.entry, one.intent)) return { holds: false, words: "other", size: 0, origin: "" };
  if (!said.checkpoint) return { holds: true, words: "soon", size: 0, origin: "" };
  const checkpoint = checkpointOf(said.checkpoint);
  const root = await rootOf(await leafOf(said.record), one.index, said.size, said.proof.map(unhex));
  const holds = Boolean(checkpoint && root && checkpoint.size === said.size && hex(root) === hex(checkpoint.root));
  return { holds, words: holds ? "holds" : "broken", size: said.size, origin: checkpoint?.origin ?? "" };
}

/** Whether what was written says what is shown. Fields that are empty may be left out of either. */
function same(written, shown) {
  const plain = (entry) => JSON.stringify(Object.entries(entry).filter(([name, value]) => name !== "type" && value !== null && value !== "" && !(Array.isArray(value) && !value.length)).sort());
  return plain(written) === plain(shown);
}
