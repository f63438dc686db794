// A file becomes the whole of a list: first it is checked, line by line, and what would change is shown; then it is taken or not.

import { useState } from "./vendor/hooks.mjs";
import { ask, Refused } from "./api.js";
import { html } from "./draw.js";
import { Form } from "./form.js";
import { Table } from "./table.js";
import { t } from "./words.js";

const MOST = 12 * 1024 * 1024;
const FAULTS = Object.entries({
  header: /^the header lacks /, plate: / stands in no plate/, missing: /^is missing$/, empty: /^is empty$/, none_of: / is none of /, unknown: / is unknown; /, bound: / must be (at most|at least|less than|more than) /,
  length: /^has (fewer|more) than | is longer than /, kind: /^must be .+, not /, form: / is (no|not) /,
});

/** What kind of fault a line has, by the server's sentence: lists.fault.KIND. @param {string} reason */
const faulted = (reason) => FAULTS.find(([, said]) => said.test(reason))?.[0] ?? "other";

export function Import({ list, say, changed }) {
  const [file, setFile] = useState(null), [report, setReport] = useState(null);
  const check = async () => {
    const chosen = document.getElementById("list-file").files[0];
    setReport(null);
    if (!chosen) throw new Refused(0, "file", () => t("lists.file.none"));
    if (chosen.size > MOST) throw new Refused(0, "file", () => t("lists.file.large"));
    const sent = { name: chosen.name.slice(-200), content: await encoded(chosen) };
    setReport(await ask("POST", `/lists/${list.list_id}/check`, sent));
    setFile(sent);
  };
  const take = async (values) => {
    const taken = await ask("POST", `/lists/${list.list_id}/import`, { ...file, skip_bad: values.skip === "on", confirm_share: values.confirm === "on" });
    say(() => t("lists.taken", { version: taken.version, added: taken.added, changed: taken.changed, removed: taken.removed }));
    changed();
  };
  return html`<${Form} title=${t("lists.check")} send=${check}>
      <label for="list-file">${t("lists.file")}</label>
      <input id="list-file" type="file" accept=".csv,.tsv,.json,.jsonl,.ndjson,.xml" aria-describedby="list-file-rule" onChange=${() => setReport(null)} />
      <p id="list-file-rule" class="hint">${t("lists.file.rule")}</p>
    <//>
    ${report && html`<${Report} report=${report} />
      ${(report.taken_whole || (report.good > 0 && !report.fatal)) && html`<${Form} title=${t("lists.take")} send=${take}>
        ${!report.taken_whole && html`<label class="check"><input type="checkbox" name="skip" required /> ${t("lists.skip", { n: report.bad })}</label>`}
        ${report.sudden && html`<p class="told wrong">${t("lists.sudden")}</p><label class="check"><input type="checkbox" name="confirm" required /> ${t("lists.confirm")}</label>`}
      <//>`}`}`;
}

function Report({ report }) {
  return html`<div class="told ${report.taken_whole ? "" : "wrong"}" role="status">
      <p>${t(report.taken_whole ? "lists.good" : report.fatal ? "lists.fatal" : "lists.bad", { n: report.bad, good: report.good })}</p></div>
    ${report.faults.length > 0 && html`<h3>${t("lists.faults")}</h3>
      <${Table} caption=${t("lists.faults")} rows=${report.faults.map((one, at) => ({ ...one, at }))} of=${(one) => String(one.at)} empty="" columns=${[
        { name: "line", title: t("lists.line"), class: "number", by: (one) => one.line, cell: (one) => one.line || "" },
        { name: "column", title: t("lists.column"), by: (one) => one.column ?? "", cell: (one) => html`<span class="mono">${one.column ?? ""}</span>${one.number ? ` (${one.number})` : ""}` },
        { name: "reason", title: t("lists.reason"), cell: (one) => html`${t(`lists.fault.${faulted(one.reason)}`)}<br /><small lang="en">${one.reason}</small>` },
      ]} />
      ${report.bad > report.faults.length && html`<p class="soft">${t("lists.more", { n: report.bad - report.faults.length })}</p>`}`}
    ${report.warnings?.length > 0 && html`<h3>${t("lists.warnings")}</h3><ul>${report.warnings.map((one) => html`<li lang="en">${one}</li>`)}</ul>`}
    ${(report.taken_whole || report.added + report.changed + report.removed > 0) && html`<p><strong>${t("lists.would", { added: report.added ?? 0, changed: report.changed ?? 0, removed: report.removed ?? 0, unchanged: report.unchanged ?? 0 })}</strong></p>`}
    ${report.strangers?.length > 0 && html`<p class="fault">${t("lists.strangers", { names: report.strangers.join(", ") })}</p>`}`;
}

/** The file's bytes in base64. */
async function encoded(file) {
  const reader = new FileReader();
  const read = new Promise((done, failed) => {
    reader.onload = () => done(String(reader.result));
    reader.onerror = () => failed(new Refused(0, "file", () => t("lists.file.unread")));
  });
  reader.readAsDataURL(file);
  return (await read).split(",")[1] ?? "";
}
