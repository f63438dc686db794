// Fields with their label, hint and fault, and the bar of fields that choose what a table shows.

import { useLayoutEffect, useRef, useState } from "./vendor/hooks.mjs";
import { html, useOwnId } from "./draw.js";
import { t } from "./words.js";

/**
 * One field. value: what it begins with; with onInput, what it holds. options: pairs of value and words, for a choice; else a line of text, or what `type` says. fault: what is wrong with it. first: it has the keyboard as it appears.
 * @param {{name: string, title: string, value?: any, options?: string[][], hint?: string, fault?: string, type?: string, rows?: number, onInput?: (value: string) => void, first?: boolean}} props
 */
export function Field({ name, title, value, options, hint, fault, type, rows, onInput, first = false, ...more }) {
  const id = useOwnId(), box = useRef(null);
  useLayoutEffect(() => { if (first) box.current.querySelector("input, select, textarea").focus(); }, []);
  const told = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  const given = { id, name, "aria-describedby": told || undefined, "aria-invalid": fault ? "true" : undefined, onInput: onInput && ((event) => onInput(event.target.value)), ...more };
  const held = onInput ? { value } : { defaultValue: value }; // what nobody listens to keeps what was typed when the page is drawn anew
  return html`<div class="field" ref=${box}><label for=${id}>${title}</label>
    ${options ? html`<select ...${given}>${options.map(([one, words]) => html`<option value=${one} selected=${one === value}>${words}</option>`)}</select>`
      : rows ? html`<textarea ...${given} ...${held} rows=${rows}></textarea>` : html`<input ...${given} ...${held} type=${type ?? "text"} />`}
    ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${fault && html`<p class="fault" id="${id}-fault">${fault}</p>`}</div>`;
}

/**
 * A form that is sent once at a time. send: takes the values by name; what it throws is told above the button, with the server's detail.
 * @param {{send: (values: Record<string, string>) => Promise<void>, title: string, cancel?: () => void, class?: string, id?: string, children?: any}} props
 */
export function Form({ send, title, cancel, class: kind = "", id, children }) {
  const [wrong, setWrong] = useState(/** @type {any} */ (null)), [busy, setBusy] = useState(false);
  const sent = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries([...new FormData(event.target)].map(([name, value]) => [name, typeof value === "string" ? value.trim() : value]));
    setBusy(true);
    setWrong(null);
    try {
      await send(values);
    } catch (error) {
      setWrong(error);
    } finally {
      setBusy(false);
    }
  };
  return html`<form class=${kind} id=${id} onSubmit=${sent}>
    ${children}
    ${wrong && html`<p class="told wrong" role="alert">${wrong.message}${wrong.detail && html`<br /><small lang="en">${wrong.detail}</small>`}</p>`}
    <p class="buttons"><button disabled=${busy}>${title}</button>${cancel && html` <button type="button" onClick=${cancel}>${t("cancel")}</button>`}</p>
  </form>`;
}
