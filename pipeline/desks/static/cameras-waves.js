// New cameras, wave by wave: planned, on trial, active; a whole province at once. Nothing changes before somebody has seen which ones.

import { useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { AT_ONCE, howOf, STATES, waves } from "./fleet.js";
import { Table } from "./table.js";
import { t } from "./words.js";

const NEXT = { planned: "on_trial", on_trial: "active" };

/** @param {{all: import("./fleet.js").Shown[] | null, say: (words: string) => void, fail: (error: any) => void, changed: () => Promise<void>}} props */
export function Waves({ all, say, fail, changed }) {
  const [wave, setWave] = useState(/** @type {any} */ (null));
  const cell = (row, state) => {
    const count = row.of[state].length;
    return count && NEXT[state] ? html`<button type="button" onClick=${() => setWave({ from: state, to: NEXT[state], cameras: row.of[state] })}>${count} → ${t(`camera.state.${NEXT[state]}`)}</button>` : count || "";
  };
  return html`<p class="soft">${t("cameras.waves.why")}</p>
    <${Table} caption=${t("cameras.tab.waves")} rows=${all && waves(all)} of=${(row) => row.id} empty=${t("cameras.waves.none")} begin="name" columns=${[
      { name: "name", title: t("cameras.province"), by: (row) => row.name || "~", cell: (row) => row.name || t("cameras.elsewhere") },
      ...STATES.map((state) => ({ name: state, title: t(`camera.state.${state}`), class: "number", by: (row) => row.of[state].length, cell: (row) => cell(row, state) })),
    ]} />
    <${Dialog} open=${wave !== null} title=${wave ? t("cameras.wave", { name: wave.cameras[0].province?.name ?? t("cameras.elsewhere"), to: t(`camera.state.${wave.to}`) }) : ""} close=${() => setWave(null)}>
      ${wave && html`<${Wave} wave=${wave} say=${say} fail=${fail} changed=${changed} close=${() => setWave(null)} />`}
    <//>`;
}

function Wave({ wave, say, fail, changed, close }) {
  const trial = wave.from === "on_trial", well = wave.cameras.filter((one) => howOf(one) === "well"), others = wave.cameras.filter((one) => howOf(one) !== "well");
  const [also, setAlso] = useState(!trial), [done, setDone] = useState(-1);
  const taken = also ? wave.cameras : well;
  const go = async () => {
    const ids = taken.map(({ camera }) => camera.camera_id);
    setDone(0);
    try {
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        await ask("POST", "/camera-states", { cameras: ids.slice(at, at + AT_ONCE), state: wave.to });
        setDone(Math.min(at + AT_ONCE, ids.length));
      }
      say(() => t("cameras.wave.done", { n: ids.length, to: t(`camera.state.${wave.to}`) }));
      close();
    } catch (error) {
      setDone(-1);
      fail(error);
    }
    await changed();
  };
  return html`<p>${t(`cameras.wave.${wave.to}`)}</p>
    ${trial && html`<p>${t("cameras.wave.how", { well: well.length, others: others.length })}</p>
      ${others.length > 0 && html`<ul>${others.slice(0, 10).map((one) => html`<li>${one.camera.name} <small class="mono">${one.camera.camera_id}</small>: ${t(`cameras.how.${howOf(one)}`)}</li>`)}</ul>
      ${others.length > 10 && html`<p>${t("cameras.more", { n: others.length - 10 })}</p>`}
      <label class="check"><input type="checkbox" checked=${also} onChange=${(event) => setAlso(event.target.checked)} /> ${t("cameras.wave.also")}</label>`}`}
    ${done >= 0 && html`<p role="status">${t("cameras.wave.goes", { done, n: taken.length })}</p>`}
    <p class="buttons"><button type="button" class="go" disabled=${done >= 0 || !taken.length} onClick=${go}>${t("cameras.wave.go", { n: taken.length })}</button>
      <button type="button" onClick=${close}>${t("cancel")}</button></p>`;
}
