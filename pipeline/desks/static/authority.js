// The traffic authority's screen: cases to judge one by one, and what was accepted.

import { useEffect, useRef, useState } from "./vendor/hooks.mjs";
import { CaseShown } from "./case.js";
import { Dialog } from "./dialog.js";
import { Docket, LISTS } from "./docket.js";
import { html } from "./draw.js";
import { Field, Form } from "./form.js";
import { show } from "./page.js";
import { t, when } from "./words.js";

const REJECTIONS = ["plate_misread", "not_the_same_vehicle", "pictures_unusable", "exempt_vehicle", "wrong_class", "wrong_limit", "clock_in_doubt", "certificate_in_doubt", "other"];
const OLD_MS = 30_000;

function Authority({ me, say, fail, keyed }) {
  const [, draw] = useState(0);
  const ref = useRef(/** @type {Docket | null} */ (null));
  const docket = (ref.current ??= new Docket(() => draw((count) => count + 1), fail));
  const [asking, setAsking] = useState("");
  useEffect(() => { if (docket.why) docket.open(); }, []);
  const { opened } = docket, may = me.may.includes("violations.judge");
  const judge = async (said) => {
    const { plate } = opened.violation;
    if (!(await docket.judge(said))) return;
    setAsking((now) => (now === said.verdict ? "" : now));
    say(() => t(`judged.${said.verdict}`, { plate }));
  };
  const judged = (said) => judge(said).catch(fail);
  const can = opened && may && !asking ? doable(opened) : [];
  keyed({
    j: () => docket.move(1), k: () => docket.move(-1), ArrowDown: () => docket.move(1), ArrowUp: () => docket.move(-1),
    Escape: () => docket.select(""),
    a: () => can.includes("accepted") && judged({ verdict: "accepted" }), r: () => can.includes("rejected") && setAsking("rejected"),
    q: () => can.includes("asked") && setAsking("asked"), n: () => can.includes("noted") && judged({ verdict: "noted" }),
    e: () => docket.why && setAsking("export"),
  });
  if (!docket.why) return html`<${Why} docket=${docket} />`;
  return html`<h1>${t("screen.authority")}</h1>
    <${Stands} docket=${docket} />
    <div class="tabs" role="group" aria-label=${t("cases")}>
      ${LISTS.map((one) => html`<button type="button" aria-pressed=${String(one === docket.list)} onClick=${() => docket.show(one)}>${t(`cases.${one}`)}</button>`)}
      <span class="room"></span>
      <button type="button" aria-keyshortcuts="e" onClick=${() => setAsking("export")}>${t("export")} <kbd>E</kbd></button>
      <button type="button" onClick=${() => docket.leave()} title=${docket.why.reason}>${t("why.change")}</button>
    </div>
    <div class="cases ${docket.selected ? "reading" : ""}">
      <${List} docket=${docket} />
      <${CaseShown} docket=${docket} can=${can} does=${{ accepted: () => judged({ verdict: "accepted" }), rejected: () => setAsking("rejected"), asked: () => setAsking("asked"), noted: () => judged({ verdict: "noted" }) }} />
    </div>
    <${Dialog} open=${asking === "rejected"} title=${t("reject.title")} close=${() => setAsking("")}><${Reject} send=${judge} cancel=${() => setAsking("")} /><//>
    <${Dialog} open=${asking === "asked"} title=${t("ask.title")} close=${() => setAsking("")}>
      <${Form} title=${t("do.asked")} cancel=${() => setAsking("")} send=${({ note }) => judge({ verdict: "asked", note })}>
        <${Field} name="note" title=${t("ask.note")} hint=${t("ask.rule")} rows=${3} required maxlength="1000" />
      <//>
    <//>
    <${Dialog} open=${asking === "export"} title=${t("export.title")} close=${() => setAsking("")}>
      <p>${t("export.why")}</p>
      <p class="buttons">${["csv", "json"].map((form) => html`<button type="button" class="go" onClick=${() => saved(docket, form).then(() => setAsking(""), fail)}>${t(`export.${form}`)}</button>`)}
        <button type="button" onClick=${() => setAsking("")}>${t("cancel")}</button></p>
    <//>`;
}

/** What may be said of a case now. Nothing is accepted in bulk: each is opened, and judged alone. */
function doable({ phase }) {
  if (phase === "recalled") return ["noted"];
  if (phase === "withdrawn") return [];
  return phase === "accepted" ? ["rejected", "asked"] : ["accepted", "rejected", "asked"];
}

/** Before anything is shown: why. */
function Why({ docket }) {
  return html`<div class="before"><h1>${t("why.title")}</h1><p>${t("why.why")}</p>
    <${Form} title=${t("why.begin")} send=${({ reason, reference }) => docket.begin(reason, reference)}>
      <${Field} name="reason" title=${t("reason")} hint=${t("reason.rule.screen")} required maxlength="1000" first=${true} />
      <${Field} name="reference" title=${t("case")} maxlength="1000" />
    <//></div>`;
}

/** What nobody can miss: that nothing arrives any more. */
function Stands({ docket }) {
  const { live } = docket;
  const old = live && Date.now() - live.status.knownMs > OLD_MS;
  return html`<div role="alert">${live && (live.stands || old) && html`<p class="told wrong">${t("stands")} ${when(live.stands ? live.status.lostMs : live.status.knownMs)}</p>`}</div>`;
}

function List({ docket }) {
  const { cases, list, selected } = docket;
  const recalled = cases?.filter((one) => one.phase === "recalled").length ?? 0;
  return html`<section class="docket" aria-label=${t(`cases.${list}`)}>
    <p class="soft" role="status">${cases === null ? t("loading.it") : t("cases.count", { n: cases.length })}${docket.more ? ` ${t("cases.more")}` : ""}${recalled ? html` <b class="tag wrong">${t("cases.recalled", { n: recalled })}</b>` : ""}</p>
    ${cases?.length === 0 && html`<p class="none">${t(`cases.none.${list}`)}</p>`}
    <ol>${cases?.map((one) => html`<${Row} key=${one.violation.violation_id} one=${one} chosen=${one.violation.violation_id === selected} docket=${docket} />`)}</ol>
  </section>`;
}

function Row({ one, chosen, docket }) {
  const { violation: it, phase } = one, ref = useRef(null);
  useEffect(() => { if (chosen) ref.current.scrollIntoView({ block: "nearest" }); }, [chosen]);
  return html`<li><button type="button" ref=${ref} id=${`row-${it.violation_id}`} class=${phase} aria-current=${chosen ? "true" : undefined} onClick=${() => docket.select(it.violation_id)}>
    <b class="mono">${it.plate}</b> <span class="over">${t("over", { corrected: it.corrected_kmh, limit: it.limit_kmh })}</span>
    <span class="soft">${it.section_id} · ${when(it.exit.captured_at_ms)}</span> <${Phase} phase=${phase} />
  </button></li>`;
}

export function Phase({ phase }) {
  const kind = { accepted: "good", asked: "ask", recalled: "wrong", open: "", rejected: "", withdrawn: "" }[phase];
  return html`<span class="tag ${kind}">${t(`case.phase.${phase}`)}</span>`;
}

function Reject({ send, cancel }) {
  const [why, setWhy] = useState(""), needed = why === "other";
  useEffect(() => {
    const pressed = (event) => {
      const one = REJECTIONS[Number(event.key) - 1];
      if (one && !event.target.matches("textarea")) {
        setWhy(one);
        document.getElementById(`why-${one}`)?.focus();
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return html`<${Form} title=${t("do.rejected")} cancel=${cancel} send=${({ rejection, note }) => send({ verdict: "rejected", rejection, ...(note ? { note } : {}) })}>
    <fieldset class="reasons"><legend>${t("reject.why")}</legend>
      ${REJECTIONS.map((one, at) => html`<label class="check"><input type="radio" name="rejection" id=${`why-${one}`} value=${one} required checked=${why === one} onChange=${() => setWhy(one)} /> ${t(`rejection.${one}`)} <kbd>${at + 1}</kbd></label>`)}
    </fieldset>
    <${Field} name="note" title=${t(needed ? "reject.note.needed" : "reject.note")} rows=${2} required=${needed} maxlength="1000" />
  <//>`;
}

async function saved(docket, form) {
  const url = URL.createObjectURL(await docket.exported(form));
  Object.assign(document.createElement("a"), { href: url, download: `vigie-accepted.${form}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

show("authority", Authority, [["J ↓", "case.next"], ["K ↑", "case.before"], ["A", "accept"], ["R", "reject"], ["Q", "ask"], ["N", "note"], ["E", "export"]]);
