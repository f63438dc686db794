// What happened to the chosen incident: who did what and when, and what neighbours answered. Asked for when it changes.

import { ask, Refused } from "./api.js";

const REST_MS = 250; // a row that is only passed by is not looked at: each look is recorded

/** @typedef {{incident: import("./incidents.js").Told, steps?: object[], answers?: object[], refused?: object[], copied?: {first_ms: number, second_ms: number}}} Shown */

export class Story {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Shown | null} */
    this.shown = null;
  }

  /** Take in an answer of the API. @param {Shown} shown */
  take(shown) {
    this.shown = shown;
  }

  /** What is known of this incident's story; null: nothing yet. @param {string} id */
  of(id) {
    return this.shown?.incident.incident_id === id ? this.shown : null;
  }

  /** See that the story of the chosen incident is the latest, once the choice rests. */
  follow() {
    const { selected, incidents } = this.desk, told = incidents.all.get(selected)?.told;
    if (!told || (this.of(selected)?.incident.change ?? 0) >= told.change || this.waits === `${selected} ${told.change}`) return;
    this.waits = `${selected} ${told.change}`;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.look(selected), REST_MS);
  }

  /** Ask for it now. What cannot be had is shown without. @param {string} id  @param {boolean} [always] also of what is not chosen any more */
  async look(id, always = false) {
    if (!always && this.desk.selected !== id) return;
    try {
      const shown = await ask("GET", `/incidents/${id}`);
      this.take(shown);
      this.desk.incidents.take([{ incident: shown.incident }]);
      this.desk.arrange();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (!error.status || error.status >= 500) this.waits = "";
    }
  }
}
