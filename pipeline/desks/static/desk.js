// A dispatcher's desk: what it knows, which row is held, and what happens when something arrives. It draws nothing.

import { ask, Refused } from "./api.js";
import { alarms } from "./acting.js";
import { Arrivals } from "./arrivals.js";
import { Decisions } from "./decisions.js";
import { arranged, Incidents } from "./incidents.js";
import { Live } from "./live.js";
import { wanted } from "./screens.js";
import { Sound } from "./sound.js";
import { Story } from "./story.js";

const DRAW_MS = 150; // changes are drawn together: 50 alerts a second are seven pictures a second
const AGAIN_MS = 3000;
const STAY_MS = 4 * 60_000; // so often, while somebody works, the session is asked for, which keeps it open
const MAP = "vigie.map", WIDE = 1440; // pixels: list, incident and map fit beside each other
export const OLD_MS = 30_000;
export const WARN_MS = 3 * 60_000;

/** @typedef {"loading" | "shift" | "ready" | "ended" | "no_right" | "error"} Phase */

export class Desk {
  /** @param {() => void} draw */
  constructor(draw) {
    this.draw = draw;
    /** @type {Phase} */
    this.phase = "loading";
    this.error = null;
    this.me = null;
    this.desks = [];
    this.incidents = new Incidents();
    this.offsetMs = 0;
    this.order = /** @type {string[]} */ ([]);
    this.waiting = /** @type {string[]} */ ([]);
    this.selected = location.hash.startsWith("#a-") ? location.hash.slice(1) : "";
    this.sighting = ""; // of the chosen incident, the one that is shown; none: the surest
    this.pointed = /** @type {string | null} */ (null);
    this.focused = false; // the list has the keyboard's focus
    this.withOver = false;
    this.fresh = new Set(); // ids that rang and nobody has looked at here
    this.said = /** @type {object[]} */ ([]); // the alerts that a screen reader is told
    this.view = new URLSearchParams(location.search).has("map") ? "map" : "list"; // or a window that is a map
    this.withMap = (localStorage.getItem(MAP) ?? (innerWidth >= WIDE ? "yes" : "no")) === "yes";
    this.windows = new BroadcastChannel("vigie.choice"); // the list and the map of one session choose together
    this.windows.onmessage = ({ data }) => {
      if (data.from === this.view || this.phase !== "ready") return;
      this.toRow = true;
      this.#chosen(data.id);
    };
    this.decisions = new Decisions(this);
    this.story = new Story(this);
    this.arrivals = new Arrivals(this);
    this.workedMs = Date.now();
    this.askedMs = Date.now();
    this.sound = new Sound(() => this.changed());
    setInterval(() => this.#tick(), 1000);
    for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => { this.workedMs = Date.now(); }, { capture: true });
  }

  /** The server's time, ms UTC. */
  get now() {
    return Date.now() + this.offsetMs;
  }

  /** Begin, or begin again: who is here, at which desk, with which alerts. */
  async open() {
    try {
      this.me = await ask("GET", "/session");
      if (this.me.how === "initial") return location.assign("/");
      if (!this.me.may.includes("alerts.see")) return this.#to("no_right");
      const desks = ask("GET", "/desks").then(({ items }) => { this.desks = items; });
      if (!this.me.shift) {
        await desks;
        return this.#to("shift");
      }
      this.live ??= this.#followed();
      const { arrivals } = this, [position] = await Promise.all([arrivals.latest(), desks]);
      if (!arrivals.isTheDesks) return; // the shift ended meanwhile
      this.live.start(position);
      this.#to("ready");
      if (this.selected && !this.incidents.all.has(this.selected)) await arrivals.find(this.selected);
      await arrivals.open();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {string} desk  @param {string} reason  @param {string} reference */
  async beginShift(desk, reason, reference) {
    await ask("POST", "/shift", { desk_id: desk, reason, ...(reference ? { case_reference: reference } : {}) });
    await this.open();
  }

  async endShift() {
    await ask("DELETE", "/shift");
    this.#wipe();
    this.#to("loading");
    await this.open();
  }

  /** The chosen incident with the sighting of it that is shown; null: there is none. */
  get current() {
    const incident = this.incidents.all.get(this.selected);
    return incident ? { incident, sighting: incident.sightings.get(this.sighting) ?? incident.best } : null;
  }

  /** The name of the desk with this id. @param {string | undefined} id */
  nameOf(id) {
    return this.desks.find((one) => one.desk_id === id)?.name ?? id ?? "";
  }

  /** @param {string} id of an incident */
  plateOf(id) {
    return this.incidents.all.get(id)?.best.alert.read.plate ?? id;
  }

  /** Do this to the chosen incident, or open what it asks for. @param {import("./acting.js").Did} did */
  decide(did) {
    const { current } = this;
    if (current) return this.decisions.begin(current.incident, current.sighting, did);
  }

  /** Choose an incident elsewhere than in the list, which shows its row, and the pages of other kinds choose it, too. @param {string} id */
  choose(id) {
    this.toRow = true;
    this.select(id);
  }

  /** @param {string} id */
  select(id) {
    this.windows.postMessage({ from: this.view, id });
    this.#chosen(id);
  }

  #chosen(id) {
    if (id !== this.selected) {
      this.sighting = "";
      this.decisions.cancel();
    }
    this.selected = id;
    this.fresh.delete(id);
    history.replaceState(null, "", id ? `#${id}` : location.pathname);
    this.arrange();
  }

  /** Move the choice by so many rows. @param {number} rows */
  move(rows) {
    const at = this.order.indexOf(this.selected);
    const to = Math.max(0, Math.min(this.order.length - 1, at < 0 ? (rows === Infinity ? rows : 0) : at + rows));
    if (this.order[to]) this.select(this.order[to]);
  }

  /** Let in what waits, and go to the first row. */
  newest() {
    this.order = this.#wanted();
    this.waiting = [];
    this.toTop = true;
    if (this.order.length) this.select(this.order[0]);
  }

  /** Which row the pointer is on. @param {string | null} id */
  point(id) {
    if (id === this.pointed) return;
    this.pointed = id;
    this.arrange();
  }

  /** Whether the list has the focus. @param {boolean} focused */
  focus(focused) {
    this.focused = focused;
    this.arrange();
  }

  toggleMap() {
    this.withMap = !this.withMap;
    localStorage.setItem(MAP, this.withMap ? "yes" : "no");
    this.changed();
  }

  /** Show another sighting of the chosen incident. @param {string} alertId */
  look(alertId) {
    this.sighting = alertId;
    this.changed();
  }

  /** Also show what is over, or not. */
  toggleOver() {
    this.withOver = !this.withOver;
    this.order = this.#wanted();
    this.arrange();
  }

  /** Put the rows in order, but for what is held. */
  arrange() {
    const places = [this.pointed, this.focused ? this.selected : null].map((id) => (id === null ? -1 : this.order.indexOf(id)));
    const held = Math.max(...places);
    const { order, waiting } = arranged(this.order, this.#wanted(), held < 0 ? null : this.order[held]);
    this.order = order.filter((id) => this.incidents.all.has(id));
    this.waiting = waiting;
    if (this.incidents.dropped && this.order.length + waiting.length < this.arrivals.refillsBelow) this.arrivals.refill().catch((error) => this.#failed(error));
    this.changed();
  }

  /** Draw soon. */
  changed() {
    this.drawing ??= setTimeout(() => {
      this.drawing = undefined;
      this.draw();
      if (this.view === "list") this.story.follow();
    }, 0);
  }

  #wanted() {
    return this.incidents.sorted(this.withOver).map((one) => one.id);
  }

  #later() {
    this.arranging ??= setTimeout(() => {
      this.arranging = undefined;
      this.arrange();
    }, DRAW_MS);
  }

  #followed() {
    const live = new Live({
      changes: (list) => this.take(list, true),
      snapshot: () => this.arrivals.missed(),
      refused: (error) => this.#failed(error),
      status: () => this.changed(),
      time: (ms) => { this.offsetMs = ms - Date.now(); },
    });
    live.listen(); // before the list is asked for: what another tab tells meanwhile is in neither else
    return live;
  }

  /** Take in alerts, withdrawals and what persons did. @param {object[]} list  @param {boolean} rings whether what is new is heard */
  take(list, rings) {
    const asked = rings ? this.#asked(list) : [];
    const rang = this.incidents.take(list);
    if (rings && rang.length + asked.length) {
      for (const one of [...rang, ...asked]) if (one.incident_id !== this.selected || document.hidden) this.fresh.add(one.incident_id);
      this.said = [...rang.map((one) => ({ priority: one.priority, plate: one.read.plate })), ...asked].slice(-3);
    }
    this.#later();
    if (rings) this.sound.ring([...rang, ...asked].map((one) => one.priority)); // last: it may fail, and what came is there
  }

  /** The incidents that alarm this desk: handed over to it, or nobody else answered. What it does not know is asked for. */
  #asked(list) {
    const desk = this.me?.shift?.desk_id;
    const asked = list.map((one) => one.incident).filter((one) => one && alarms(this.#toldOf(one.incident_id), one, desk));
    for (const one of asked) if (!this.incidents.all.has(one.incident_id)) this.arrivals.find(one.incident_id).catch(() => {});
    return asked;
  }

  #toldOf(id) {
    return this.incidents.all.get(id)?.told ?? this.incidents.unseen.get(id);
  }

  /** A refusal after which nothing goes on as it was. @param {Refused} error */
  refused(error) {
    this.#failed(error);
  }

  #failed(error) {
    if (!(error instanceof Refused)) throw error;
    const { status, rule } = error;
    if (status === 401) {
      wanted();
      this.#wipe();
      this.me = null;
      this.#to("ended");
    } else if (status === 403 && rule === "shift") {
      this.#wipe();
      this.open();
    } else if (status === 403) {
      this.#wipe();
      this.#to("no_right");
    } else {
      this.error = error;
      if (this.phase !== "ready") this.#to("error");
      setTimeout(() => this.open(), Math.max(AGAIN_MS, error.waitS * 1000));
    }
  }

  /** Forget everything of the shift. */
  #wipe() {
    this.live?.stop();
    this.live = undefined;
    this.incidents = new Incidents();
    this.arrivals = new Arrivals(this);
    this.order = this.waiting = [];
    this.fresh.clear();
    this.said = [];
    this.selected = this.sighting = "";
    this.decisions.wipe();
    this.story.shown = null;
  }

  #to(phase) {
    this.phase = phase;
    this.changed();
  }

  async #tick() {
    if (this.phase !== "ready") return;
    this.changed();
    if (this.workedMs > this.askedMs && Date.now() - this.askedMs > STAY_MS) {
      this.askedMs = Date.now();
      this.me = await ask("GET", "/session").catch((error) => {
        if (error.status === 401) this.#failed(error);
        return this.me;
      });
    }
  }
}
