// Dialogs: one that shows anything, and the one that shows a page's keys.

import { useLayoutEffect, useRef, useState } from "./vendor/hooks.mjs";
import { html, useOwnId } from "./draw.js";
import { t } from "./words.js";

const SINGLE = "vigie.keys";

/** Gives each key press to `pressed`, with whether keys of one letter count, which the browser remembers; returns that, and what
 * changes it. @param {(event: KeyboardEvent, single: boolean) => void} pressed */
export function useSingleKeys(pressed) {
  const [single, setSingle] = useState(localStorage.getItem(SINGLE) !== "no");
  useLayoutEffect(() => { // with the change itself: a key that follows at once meets the new choice
    const heard = (event) => pressed(event, single);
    addEventListener("keydown", heard);
    return () => removeEventListener("keydown", heard);
  }, [single]);
  return [single, (on) => {
    localStorage.setItem(SINGLE, on ? "yes" : "no");
    setSingle(on);
  }];
}

/** Shown while `open`; Escape closes it. @param {{open: boolean, title: string, close: () => void, wide?: boolean, children?: any}} props */
export function Dialog({ open, title, close, wide, children }) {
  const ref = useRef(null), id = useOwnId();
  useLayoutEffect(() => { // with the change itself: a key that follows at once is the page's again
    if (open && !ref.current.open) ref.current.showModal();
    if (!open && ref.current.open) ref.current.close();
  }, [open]);
  const cancelled = (event) => {
    if (event.target !== event.currentTarget) return; // a field for files tells of its own
    event.preventDefault();
    close();
  };
  return html`<dialog ref=${ref} class=${wide ? "broad" : ""} aria-labelledby=${id} onCancel=${cancelled} onClose=${() => open && close()}>
    <h2 id=${id}>${title}</h2>
    ${open && children}
  </dialog>`;
}

/** The keys of a page. list: keys with their words' names. @param {{open: boolean, close: () => void, list: string[][], single: boolean, setSingle: (on: boolean) => void}} props */
export function Keys({ open, close, list, single, setSingle }) {
  return html`<${Dialog} open=${open} close=${close} title=${t("keys")}>
    <dl class="keys">${list.map(([keys, what]) => html`<dt>${keys.split(" ").map((one) => html`<kbd>${one}</kbd> `)}</dt><dd>${t(`key.${what}`)}</dd>`)}</dl>
    <p><label class="check"><input type="checkbox" checked=${single} onChange=${(event) => setSingle(event.target.checked)} /> ${t("keys.single")}</label></p>
    <button type="button" onClick=${close}>${t("close")}</button>
  <//>`;
}
