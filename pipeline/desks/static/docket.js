// An officer's docket: which cases there are, which one is open, and what happens when something arrives. It draws nothing.

import { ask, because, fetched } from "./api.js";
import { Live } from "./live.js";

const WHY = "vigie.why"; // of this tab: why cases are looked at, recorded with each look
const SOON_MS = 300;
const AGAIN_MS = 3000;
const MOST = 1000; // cases in a list; beyond it the list says that there are more
export const LISTS = ["to_do", "accepted", "rejected", "withdrawn"];

/** @typedef {{violation: any, phase: string, judged?: any, withdrawal?: any, corrected_by?: string, workings?: any, entry_place?: string, exit_place?: string}} Case */

export class Docket {
  /** @param {() => void} draw  @param {(error: any) => void} fail */
  constructor(draw, fail) {
    Object.assign(this, { draw, fail });
    this.why = JSON.parse(sessionStorage.getItem(WHY) ?? "null");
    this.list = LISTS[0];
    /** @type {Case[] | null} */
    this.cases = null;
    this.more = false;
    this.selected = location.hash.startsWith("#v-") ? location.hash.slice(1) : "";
    /** @type {Case | null} */
    this.opened = null;
    this.judging = new Set(); // ids of cases whose judgement is under way
    this.news = new Set(); // cases that another list, or somebody else, has changed since it was shown
  }

  /** The headers of whatever shows a plate. */
  get because() {
    return because(this.why.reason, this.why.case);
  }

  /** Say why, and begin. @param {string} reason  @param {string} reference the case, or "" */
  async begin(reason, reference) {
    this.why = { reason, case: reference };
    try {
      await this.#open();
    } catch (error) { // as where the reason says nothing
      this.live?.stop();
      Object.assign(this, { why: null, live: undefined });
      throw error;
    }
    sessionStorage.setItem(WHY, JSON.stringify(this.why));
  }

  /** Load the list, and the case that the address names; then follow what comes. */
  async open() {
    await this.#open().catch((error) => this.#refused(error));
  }

  async #open() {
    this.live ??= this.#followed();
    const position = await this.#load();
    this.live?.start(position);
    if (this.selected) await this.select(this.selected);
  }

  #followed() {
    const how = { path: "/stream/violations", name: "vigie.violations", headers: this.because };
    const live = new Live({
      changes: (list) => this.#changed(list), snapshot: () => this.#soon(), refused: (error) => this.#refused(error), status: () => this.draw(), time: () => {},
    }, how);
    live.listen();
    return live;
  }

  /** Show another list. @param {string} list */
  async show(list) {
    this.list = list;
    this.cases = null;
    this.draw();
    await this.#load().catch((error) => this.#refused(error));
  }

  /** Open a case; "" closes it. @param {string} id */
  async select(id) {
    this.selected = id;
    this.opened = null;
    history.replaceState(null, "", id ? `#${id}` : location.pathname);
    this.draw();
    if (!id) return;
    try {
      const found = await ask("GET", `/violations/${id}`, undefined, this.because);
      this.#put(found);
    } catch (error) {
      if (this.selected === id) this.selected = "";
      this.#refused(error);
    }
  }

  /** Open the case so many places on. @param {number} places */
  move(places) {
    const { cases } = this, at = cases?.findIndex((one) => one.violation.violation_id === this.selected) ?? -1;
    const to = cases?.[Math.max(0, Math.min(cases.length - 1, at < 0 ? 0 : at + places))];
    if (to && to.violation.violation_id !== this.selected) this.select(to.violation.violation_id);
  }

  /**
   * Judge the open case, as it is shown. Resolves to whether that counted; throws what else went wrong.
   * @param {{verdict: string, rejection?: string, note?: string}} said
   */
  async judge(said) {
    const { violation, judged, withdrawal } = this.opened, id = violation.violation_id;
    const body = { ...said, revision: judged?.revision ?? 0, withdrawn: Boolean(withdrawal) };
    if (this.judging.has(id)) return false; // pressed twice
    this.judging.add(id);
    try {
      this.#put(await ask("POST", `/violations/${id}/judgements`, body, { ...this.because, "Idempotency-Key": crypto.randomUUID() }));
      return true;
    } catch (error) {
      if (error.status === 409 && this.selected === id) await this.select(id); // somebody was first: show what it is now
      throw error;
    } finally {
      this.judging.delete(id);
    }
  }

  /** The accepted cases as a file. @param {"csv" | "json"} form @returns {Promise<Blob>} */
  async exported(form) {
    const answer = await fetched(form === "csv" ? "/exports/violations.csv" : "/exports/violations", { headers: this.because });
    return answer.blob();
  }

  /** Forget what was shown, and ask again why. */
  leave() {
    this.live?.stop();
    sessionStorage.removeItem(WHY);
    Object.assign(this, { why: null, live: undefined, cases: null, opened: null, selected: "" });
    history.replaceState(null, "", location.pathname);
    this.draw();
  }

  /** The list, page by page. Resolves to the position from which the stream goes on. */
  async #load() {
    const { list } = this, found = [];
    let position = "", cursor = "";
    do {
      const page = await ask("GET", `/violations?show=${list}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, undefined, this.because);
      found.push(...page.items);
      position ||= page.position;
      cursor = page.next ?? "";
    } while (cursor && found.length < MOST);
    if (list === this.list) {
      this.cases = ordered(found, list);
      this.more = Boolean(cursor);
      this.draw();
    }
    return position;
  }

  /** Violations, withdrawals and judgements that arrived. The open case is asked for anew; it never changes under a hand unsaid. */
  #changed(list) {
    const ids = list.map((one) => one.violation?.violation_id ?? one.withdrawal?.id ?? one.judged?.violation_id);
    if (ids.includes(this.selected) && this.opened) this.#again(this.selected);
    if (!this.cases || list.some((one) => !one.violation)) return this.#soon();
    if (this.list === LISTS[0]) this.#came(list.map((one) => one.violation));
  }

  /** New cases, which wait. They are not asked for: each look is recorded, and counts as that many plates shown. */
  #came(violations) {
    const known = new Set(this.cases.map((one) => one.violation.violation_id));
    const come = violations.filter((one) => !known.has(one.violation_id)).map((violation) => ({ violation, phase: "open" }));
    const all = ordered([...this.cases, ...come], this.list);
    this.cases = all.slice(0, MOST);
    this.more ||= all.length > MOST;
    this.draw();
  }

  async #again(id) {
    const before = this.opened;
    try {
      const found = await ask("GET", `/violations/${id}`, undefined, this.because);
      if (this.selected !== id) return;
      if (found.phase !== before?.phase || found.judged?.revision !== before?.judged?.revision) this.news.add(id);
      this.#put(found);
    } catch (error) {
      this.#refused(error);
    }
  }

  #soon() {
    this.loading ??= setTimeout(() => {
      this.loading = undefined;
      this.#load().catch((error) => this.#refused(error));
    }, SOON_MS);
  }

  /** Take in a case as it is now; it is shown if it is still the open one. */
  #put(found) {
    const id = found.violation.violation_id, same = (one) => one.violation.violation_id === id;
    if (this.selected === id) this.opened = found;
    if (this.cases?.some(same)) this.cases = this.cases.map((one) => (same(one) ? found : one));
    this.draw();
  }

  #refused(error) {
    if (error.status === undefined) throw error;
    if (error.status === 422 && error.rule === "reason_needed") return this.leave();
    if (error.status === 429 || error.status === 0 || error.status >= 500) {
      setTimeout(() => this.open(), Math.max(AGAIN_MS, error.waitS * 1000));
    }
    this.fail(error);
  }
}

/** What was taken back after an acceptance first, then by the moment of leaving the section: of what waits, the oldest first. */
function ordered(cases, list) {
  const sign = list === "to_do" ? 1 : -1;
  const urgent = (one) => (one.phase === "recalled" ? 0 : 1);
  return cases.sort((one, other) => urgent(one) - urgent(other) || sign * (one.violation.exit.captured_at_ms - other.violation.exit.captured_at_ms));
}
