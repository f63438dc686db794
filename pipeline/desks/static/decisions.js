// What the person at this desk does about incidents: sent once, told in words when it did not count, undone within ten seconds.

import { ask, Refused } from "./api.js";
import { ENDS, hindrance, KEYS } from "./acting.js";
import { clock, named, t } from "./words.js";

const UNDO_MS = 10_000;
const PATHS = { hand_over: "hand-over" };

/**
 * @typedef {import("./acting.js").Did} Did
 * @typedef {{id: string, did: Did, plate: string, untilMs: number}} Done what can be undone until then
 * @typedef {{id: string, did: Did, revision: number, rings: number}} Form what is asked for, and the state that the person saw as it opened
 */

export class Decisions {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.wipe();
  }

  /** Forget everything of the shift. */
  wipe() {
    /** @type {Done | null} */
    this.done = null;
    /** @type {Form | null} */
    this.form = null;
    /** @type {Promise<{id: string, told?: import("./incidents.js").Told}> | null} what is being sent; resolves to the state after it, if it counted */
    this.sending = null;
    /** @type {{id: string, text: () => string, again?: () => void} | null} what went wrong with which incident */
    this.wrong = null;
    /** @type {(() => string) | null} the last thing that was done, in words */
    this.said = null;
    this.saidMs = 0;
  }

  /** Until when the last action can be undone, in whole seconds from now; 0: it cannot. */
  get leftS() {
    return this.done ? Math.max(0, Math.ceil((this.done.untilMs - Date.now()) / 1000)) : 0;
  }

  /** Whether the last thing that was done is still told. */
  get shows() {
    return Boolean(this.said) && Date.now() - this.saidMs < UNDO_MS;
  }

  /**
   * A key or a button: do it, or open what it asks for; what follows at once is judged by what came of the one before.
   * @param {import("./incidents.js").Incident} incident  @param {import("./incidents.js").Sighting} sighting the one that is shown  @param {Did} did
   */
  async begin(incident, sighting, did) {
    const { id } = incident;
    let seen = incident.told;
    if (this.sending && this.doing === `${did} ${id}`) return; // pressed twice
    while (this.sending) {
      const before = await this.sending;
      if (before.id === id && !(seen = before.told)) return;
    }
    const why = hindrance(incident, sighting, did, this.desk.me.user_id);
    this.wrong = why ? { id, text: () => t(`cannot.${why}`, { who: incident.told?.holder ?? "" }) } : null;
    this.form = null;
    const { revision, rings } = seen ?? {};
    if (why) return this.desk.changed();
    if (did === "take") return this.send(id, did, { revision, rings });
    if (did === "confirm") return this.send(id, did, { revision, rings, alert_id: sighting.alert.alert_id });
    if (this.desk.selected !== id) return; // gone on meanwhile
    this.form = { id, did, revision, rings };
    this.desk.changed();
  }

  /** Send what the open form asked for. @param {object} fields */
  finish(fields) {
    const { id, did, revision, rings } = this.form;
    return this.send(id, did, { revision, rings, ...fields });
  }

  /** Close what is open. Returns whether something was. */
  cancel() {
    const open = Boolean(this.form || this.wrong);
    this.form = this.wrong = null;
    if (open) this.desk.changed();
    return open;
  }

  /** Undo what was done last, while that is offered. */
  async undo() {
    while (this.sending) if (!(await this.sending).told) return;
    const { done } = this, told = done && this.desk.incidents.all.get(done.id)?.told;
    if (!told || !this.leftS) return;
    this.desk.select(done.id);
    return this.send(done.id, "undo", { revision: told.revision, rings: told.rings });
  }

  /** @param {string} id  @param {Did} did  @param {object} body  @param {string} [key] of the request, the same when it is sent again */
  send(id, did, body, key = crypto.randomUUID()) {
    this.sending ??= this.#sent(id, did, body, key).finally(() => {
      this.sending = null;
      this.desk.changed();
    });
    return this.sending;
  }

  async #sent(id, did, body, key) {
    this.doing = `${did} ${id}`;
    this.wrong = null;
    this.desk.changed();
    try {
      const shown = await ask("POST", `/incidents/${id}/${PATHS[did] ?? did}`, body, { "Idempotency-Key": key });
      this.#counted(id, did, shown);
      return { id, told: shown.incident };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.#refused(id, error, () => this.send(id, did, body, key));
      return { id };
    }
  }

  #counted(id, did, shown) {
    const undone = did === "undo" ? this.done : null, plate = this.desk.plateOf(id);
    this.form = null;
    this.desk.story.take(shown);
    this.desk.incidents.take([{ incident: shown.incident }]);
    if (did !== "undo") this.said = () => `${t(`did.${did}`)}: ${plate}`;
    else {
      const recalled = undone?.did === "confirm"; // a confirmation sends: undoing it takes back what crossed
      this.said = () => t(recalled ? "undone.confirm" : "undone", { did: t(`did.${undone?.did ?? did}`), plate });
    }
    this.saidMs = Date.now();
    this.done = did === "undo" ? null : { id, did, plate, untilMs: this.saidMs + UNDO_MS };
    if (ENDS.includes(did)) this.desk.fresh.delete(id);
    this.desk.arrange();
  }

  async #refused(id, error, again) {
    const { refused } = error;
    if (refused) {
      const person = refused.first_did === "undo" || KEYS.some(([did]) => did === refused.first_did); // or it happened by itself
      const who = () => (refused.first_who === this.desk.me.user_id ? t("who.you") : refused.first_who ?? t("who.somebody"));
      const did = () => (refused.first_did ? t(`did.${refused.first_did}`) : ""), when = refused.first_at_ms ? clock(refused.first_at_ms) : "";
      this.form = null;
      await this.desk.story.look(id, true);
      this.wrong = { id, text: () => `${named("why", refused.why)} ${refused.first_who && person ? t("why.first", { who: who(), did: did(), when }) : ""}`.trim() };
    } else if (!error.status || error.status >= 500) this.wrong = { id, text: () => t("unsure"), again };
    else this.wrong = { id, text: () => error.message };
    if (error.status === 401 || error.rule === "shift") this.desk.refused(error);
  }
}
