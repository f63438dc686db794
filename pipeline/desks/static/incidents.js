// What the desk knows: alerts as they arrived, put together into incidents. No clock, no server, no screen.

/**
 * @typedef {{read_id: string, camera_id: string, captured_at_ms: number, plate: string, country?: string, crop?: string, overview?: string,
 *   colour?: string, make?: string, vehicle_class?: string, speed_kmh?: number, heading_deg?: number, direction?: string, lane?: number}} Read
 * @typedef {{alert_id: string, incident_id: string, revision?: number, rings: boolean, live: boolean, hotlist: string, category: string,
 *   priority: string, action: string, owner: string, legal_basis: string, match: string, score: number, confirm: boolean, silent?: boolean,
 *   wanted_plate: string, case_reference?: string, notes?: string[], read: Read, decided_at_ms: number}} Alert
 * @typedef {{alert: Alert, place?: string, withdrawal?: {id: string, reason: string, by: string, at_ms: number}}} Sighting
 * @typedef {{incident_id: string, change: number, revision: number, rings: number, phase: string, holder?: string, desk?: string,
 *   alarmed?: string[], everybody?: boolean, confirmed?: string[], priority: string, plate: string, changed_at_ms: number,
 *   last?: {number: number, did: string, desk?: string, alert_id?: string, forward_id?: string, recall?: boolean}}} Told what persons did about an incident
 * @typedef {{id: string, sightings: Map<string, Sighting>, best: Sighting, first: Sighting, last: Sighting, trail: Sighting[], rank: number,
 *   rangMs: number, told?: Told, phase: string, over: boolean}} Incident
 */

export const URGENCY = { urgent: 4, high: 3, normal: 2, low: 1 };
export const MOST = 2000; // incidents in memory; those that are over go first, then the oldest of the least urgent
const MOST_GONE = 20_000; // let go and known by id: the server keeps as many
export const ENDED = ["misread", "dismissed", "closed", "withdrawn", "expired"];
export const WINDOW_MS = 30 * 60_000; // a hit within it of another one is of the same incident

/** Alerts, withdrawals, and what persons did, each of which may arrive twice and in any order. */
export class Incidents {
  constructor() {
    /** @type {Map<string, Incident>} */
    this.all = new Map();
    /** @type {Map<string, string>} the incident of each alert */
    this.of = new Map();
    /** @type {Map<string, Told>} of incidents none of whose alerts is known here */
    this.unseen = new Map();
    /** @type {Map<string, number>} open ones that were let go for want of room: the latest change that was told of each, 0: none */
    this.gone = new Map();
    this.more = 0; // let go beyond these
  }

  /** How many open ones were let go for want of room. */
  get dropped() {
    return this.gone.size + this.more;
  }

  /**
   * Take in what the list or the stream tells. Returns the alerts that are new here and ring, and those by which an incident was
   * opened again that was over, though they do not ring by themselves.
   * @param {Array<{kind?: string, alert?: Alert, place?: string, withdrawal?: Sighting["withdrawal"], incident?: Told}>} changes
   */
  take(changes) {
    const rang = [];
    const touched = new Set();
    for (const one of changes) {
      if (one.alert) {
        const id = one.alert.incident_id, known = this.of.has(one.alert.alert_id);
        if (this.#sighted(id, one)) {
          touched.add(id);
          if (!known && one.alert.rings && !one.alert.silent && (one.alert.revision ?? 1) === 1) rang.push(one.alert);
        } else if (one.withdrawal) touched.add(id);
      }
      if (one.withdrawal) {
        const id = this.of.get(one.withdrawal.id);
        const sighting = id && this.all.get(id)?.sightings.get(one.withdrawal.id);
        if (sighting && !sighting.withdrawal) {
          sighting.withdrawal = one.withdrawal;
          touched.add(id);
        }
      }
      if (one.incident) {
        const before = this.all.get(one.incident.incident_id)?.told;
        if (this.#told(one.incident)) {
          touched.add(one.incident.incident_id);
          const heard = heardAgain(before, one.incident, this.all.get(one.incident.incident_id));
          if (heard) rang.push(heard);
        }
      }
    }
    for (const id of touched) if (this.all.has(id)) summed(this.all.get(id));
    this.#bound();
    return rang;
  }

  /** Whether the alert is new here, or a higher revision of one that is known. */
  #sighted(id, { alert, place }) {
    let incident = this.all.get(id);
    if (!incident) {
      this.all.set(id, (incident = { id, sightings: new Map(), told: this.unseen.get(id) }));
      this.unseen.delete(id);
      this.gone.delete(id);
    }
    const known = incident.sightings.get(alert.alert_id);
    if (known && (known.alert.revision ?? 1) >= (alert.revision ?? 1)) return false;
    incident.sightings.set(alert.alert_id, { alert, place: place ?? known?.place, withdrawal: known?.withdrawal });
    this.of.set(alert.alert_id, id);
    return true;
  }

  /** Whether this is the latest of what was told about its incident. */
  #told(told) {
    const incident = this.all.get(told.incident_id), known = incident?.told ?? this.unseen.get(told.incident_id);
    if (known && known.change >= told.change) return false;
    if (incident) incident.told = told;
    else this.unseen.set(told.incident_id, told);
    if (this.gone.has(told.incident_id)) this.gone.set(told.incident_id, told.change);
    if (this.unseen.size > MOST) this.unseen.delete(this.unseen.keys().next().value);
    return true;
  }

  #bound() {
    if (this.all.size <= MOST) return;
    const least = [...this.all.values()].sort(before).slice(MOST - MOST / 10).filter((one) => one.over || !one.told?.holder);
    for (const one of least) {
      for (const alertId of one.sightings.keys()) this.of.delete(alertId);
      this.all.delete(one.id);
      if (one.over) continue;
      if (this.gone.size < MOST_GONE) this.gone.set(one.id, one.told?.change ?? 0);
      else this.more += 1;
    }
  }

  /**
   * Count those no more that were let go and are over: what was told of them before is in no list of what is open. Whoever nothing
   * was told of, or something since, stays.
   * @param {Map<string, number>} before `gone`, before the list was asked for  @param {Set<string>} open all in the list
   */
  settle(before, open) {
    for (const [id, change] of before) if (change && !open.has(id) && this.gone.get(id) === change) this.gone.delete(id);
  }

  /** The revision of each alert that is known here, by its id. @returns {Map<string, number>} */
  revisions() {
    return new Map([...this.all.values()].flatMap(({ sightings }) => [...sightings].map(([id, { alert }]) => [id, alert.revision ?? 1])));
  }

  /** The incidents by urgency, then age: the newest first. @param {boolean} withOver also those that are over */
  sorted(withOver) {
    return [...this.all.values()].filter((one) => withOver || !one.over).sort(before);
  }
}

/** Compute what a row shows: the surest sighting, the latest, how urgent they are, and whether it is over. */
function summed(incident) {
  const every = [...incident.sightings.values()].sort((a, b) => b.alert.read.captured_at_ms - a.alert.read.captured_at_ms);
  const standing = every.filter((one) => !one.withdrawal);
  const counted = standing.length ? standing : every;
  incident.phase = phaseOf(incident.told, standing);
  incident.over = ENDED.includes(incident.phase);
  incident.last = counted[0];
  incident.first = counted[counted.length - 1];
  incident.best = counted.find((one) => !one.alert.confirm) ?? counted.find((one) => one.alert.match === "exact") ?? counted[0];
  incident.rank = Math.max(...counted.map((one) => URGENCY[one.alert.priority] ?? 0));
  incident.rangMs = Math.min(...every.map((one) => one.alert.decided_at_ms));
  incident.trail = every;
}

/** The alert that opened an incident again and is heard, unless it rang by itself. @param {Told | undefined} before  @param {Told} told */
function heardAgain(before, told, incident) {
  if (!before || !ENDED.includes(before.phase) || ENDED.includes(told.phase) || told.rings <= before.rings) return undefined;
  const alert = told.last?.did === "rang" ? incident?.sightings.get(told.last.alert_id)?.alert : undefined;
  return alert && !alert.rings ? alert : undefined;
}

/** The phase. What rang after all that was told of the incident opens it again, before anybody says so. @param {Told | undefined} told */
function phaseOf(told, standing) {
  const known = told?.phase ?? "new";
  if (!standing.length) return ENDED.includes(known) ? known : "withdrawn";
  if (!told) return known;
  const rang = standing.filter((one) => one.alert.rings);
  const since = rang.length > told.rings || rang.some((one) => one.alert.decided_at_ms > told.changed_at_ms);
  return since && ENDED.includes(known) ? "new" : known;
}

/** @param {Incident} a  @param {Incident} b */
function before(a, b) {
  return a.over - b.over || b.rank - a.rank || b.rangMs - a.rangMs || (a.id < b.id ? -1 : 1);
}

/**
 * The order in which rows are shown. While one row is held, because the pointer or the focus is on it, nothing before it comes or
 * goes; what belongs there waits.
 * @param {string[]} shown ids as they are on screen  @param {string[]} wanted ids as they should be  @param {string | null} held
 * @returns {{order: string[], waiting: string[]}}
 */
export function arranged(shown, wanted, held) {
  const at = held === null ? -1 : shown.indexOf(held);
  if (at < 0) return { order: wanted, waiting: [] };
  const fixed = shown.slice(0, at + 1);
  const kept = new Set(fixed);
  const place = wanted.indexOf(held);
  const waiting = [], rest = [];
  wanted.forEach((id, index) => {
    if (!kept.has(id)) (index < place ? waiting : rest).push(id);
  });
  return { order: [...fixed, ...rest], waiting };
}
