// How the desk comes to know what there is: the latest alerts, what is still open of before, and what came while the stream was cut.

import { ask } from "./api.js";
import { MOST } from "./incidents.js";

const PAGES = 5; // of the list as a shift begins, 100 alerts each; what is older and still open comes with its incident
const MOST_PAGES = 20; // of the list after a gap
const AGAIN_MS = 3000;

export class Arrivals {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.behind = false; // what is missing could not be had yet
    this.gaps = 0;
    this.refillsBelow = MOST / 2; // open incidents: with fewer there is room
    this.known = /** @type {Map<string, number> | undefined} the revision of each alert that was known before the gap */ (undefined);
  }

  /** The latest alerts. Resolves to the position from which the stream goes on. */
  async latest() {
    return (await this.#pages(PAGES, new Map())).position;
  }

  /**
   * What is still open, however old: the shift before left it. Of what was let go for want of room the most urgent comes back.
   * @param {Set<string>} [seen] incidents whose present state is known already; those of /incidents are added
   */
  async open(seen = new Set()) {
    const { incidents } = this.desk, before = new Map(incidents.gone);
    let cursor = "";
    do {
      const page = await ask("GET", cursor ? `/incidents?cursor=${encodeURIComponent(cursor)}` : "/incidents");
      this.#take([...page.alerts ?? [], ...page.items.map((incident) => ({ incident }))], false);
      for (const one of page.items) seen.add(one.incident_id);
      cursor = page.next ?? "";
    } while (cursor && this.isTheDesks);
    if (this.isTheDesks) incidents.settle(before, seen);
  }

  /** Ask for what was let go, once there is room. */
  async refill() {
    this.refillsBelow = 0; // not twice at once
    try {
      await this.open();
    } finally {
      this.refillsBelow = Math.min(MOST / 2, this.desk.incidents.sorted(false).length - MOST / 20); // what cannot be had is not asked for in vain
    }
  }

  /** The stream could not tell everything since it was cut: all that came is asked for, until that has worked. */
  missed() {
    this.behind = true;
    this.known ??= this.desk.incidents.revisions();
    this.gaps += 1;
    this.running ??= this.#caughtUp().finally(() => { this.running = undefined; });
  }

  /** One alert by its id, if this person may see it. @param {string} alertId */
  async find(alertId) {
    try {
      this.#take([await ask("GET", `/alerts/${alertId}`)], false);
    } catch (error) {
      if (error.status !== 404 && error.status !== 403) throw error;
      if (this.desk.selected === alertId) this.desk.select("");
    }
  }

  /** Whether the desk still goes by this: not after the shift. */
  get isTheDesks() {
    return this.desk.arrivals === this;
  }

  async #caughtUp() {
    for (let gap = 0; gap !== this.gaps && this.isTheDesks;) {
      gap = this.gaps;
      try {
        const { seen } = await this.#pages(MOST_PAGES, this.known, true);
        await this.open(seen);
        await this.#over(seen);
      } catch (error) {
        if (error.status && error.status < 500 && error.status !== 429) return this.desk.refused(error);
        gap = 0;
        await new Promise((done) => { setTimeout(done, Math.max(AGAIN_MS, (error.waitS ?? 0) * 1000)); });
      }
    }
    this.known = undefined;
    this.behind = false;
    this.desk.arrange();
  }

  /** The list, page by page, until all of a page was known before. */
  async #pages(most, known, rings = false) {
    const seen = new Set();
    let position = "", cursor = "";
    for (let page = 0; page < most && this.isTheDesks; page++) {
      const list = await ask("GET", cursor ? `/alerts?cursor=${encodeURIComponent(cursor)}` : "/alerts");
      position ||= list.position;
      this.desk.offsetMs = list.at_ms - Date.now();
      this.#take(list.items, rings);
      for (const { alert } of list.items) seen.add(alert.incident_id);
      cursor = list.next ?? "";
      if (!cursor || (list.items.length && list.items.every(({ alert }) => known.get(alert.alert_id) >= (alert.revision ?? 1)))) break;
    }
    this.desk.arrange();
    return { position, seen };
  }

  /** What was open before the gap and is not told of since: what became of it. */
  async #over(seen) {
    for (const one of [...this.desk.incidents.all.values()]) if (one.told && !one.over && !seen.has(one.id) && this.isTheDesks) await this.find(one.id);
  }

  #take(list, rings) {
    if (this.isTheDesks) this.desk.take(list, rings);
  }
}
