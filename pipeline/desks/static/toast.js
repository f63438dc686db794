// Short messages at the foot of a page: what was done goes by itself, what failed stays until somebody has read it.

import { useEffect, useRef } from "./vendor/hooks.mjs";
import { html } from "./draw.js";
import { t } from "./words.js";

const STAYS_MS = 8000;

/** @typedef {{id: number, words: () => string, detail: string, wrong: boolean}} Message */

/** The messages of a page. */
export class Messages {
  /** @param {() => void} draw */
  constructor(draw) {
    this.draw = draw;
    /** @type {Message[]} */
    this.list = [];
    this.count = 0;
  }

  /** Something was done. @param {() => string} words in the language of whoever reads them then */
  say(words) {
    const one = this.#add(words, "", false);
    setTimeout(() => this.close(one.id), STAYS_MS);
  }

  /** Something failed. @param {() => string} words  @param {string} [detail] */
  complain(words, detail = "") {
    this.#add(words, detail, true);
  }

  /** @param {number} id */
  close(id) {
    this.list = this.list.filter((one) => one.id !== id);
    this.draw();
  }

  #add(words, detail, wrong) {
    const one = { id: ++this.count, words, detail, wrong };
    this.list = [...this.list, one].slice(-4);
    this.draw();
    return one;
  }
}

/** They stand above everything, an open dialog included. @param {{messages: Messages}} props */
export function Toasts({ messages }) {
  const ref = useRef(null);
  useEffect(() => {
    if (!messages.list.length) return;
    ref.current.hidePopover();
    ref.current.showPopover();
  }, [messages.count]);
  const shown = (wrong) => messages.list.filter((one) => one.wrong === wrong).map((one) => html`<p key=${one.id} class=${wrong ? "toast wrong" : "toast"}>
    <span>${one.words()}${one.detail && html`<br /><small lang="en">${one.detail}</small>`}</span>
    <button type="button" aria-label=${t("close")} onClick=${() => messages.close(one.id)}>×</button></p>`);
  return html`<div class="toasts" popover="manual" ref=${ref}><div role="alert">${shown(true)}</div><div role="status">${shown(false)}</div></div>`;
}
