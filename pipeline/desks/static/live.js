// The live stream. One tab leads: it reads the stream and tells the others, because a browser opens six connections at most.

import { fetched, Refused } from "./api.js";

const QUIET_MS = 15_000; // the server gives a sign of life every 10 s
const DEAD_MS = 25_000; // a connection without one is given up
const GRACE_MS = 2000; // a connection that is back within it was never missed
const AGAIN_MS = [500, 1000, 2000, 4000];

/**
 * @typedef {{on: boolean, lostMs: number, heardMs: number, knownMs: number, leads: boolean}} Status
 *   on: connected. lostMs: since when not. heardMs: the last sign of life. knownMs: until when the server itself knows everything.
 *   All by this machine's clock.
 */

export class Live {
  /**
   * @param {{changes(list: object[]): void, snapshot(): void, refused(error: Refused): void, status(status: Status): void, time(serverMs: number): void}} tell
   * @param {{path: string, name: string, headers?: Record<string, string>}} [how] which stream: its path, and the name under which the tabs
   *   share it
   */
  constructor(tell, how = { path: "/stream", name: "vigie.live" }) {
    this.tell = tell;
    this.how = how;
    /** @type {Status} */
    this.status = { on: false, lostMs: Date.now(), heardMs: Date.now(), knownMs: Date.now(), leads: false };
    this.position = "";
    this.ended = new AbortController();
  }

  /** Hear what a leading tab tells the others. To be called before the list is asked for after which the stream begins. */
  listen() {
    this.channel ??= new BroadcastChannel(this.how.name);
    this.channel.onmessage = ({ data }) => this.#told(data);
  }

  /** Begin after this position, which a list gave; once. @param {string} position */
  start(position) {
    if (this.watch || this.ended.signal.aborted) return;
    this.position = position; // what was heard since listen() may be after it, and comes twice then
    if (!this.status.on) this.status.lostMs = this.status.heardMs = this.status.knownMs = Date.now();
    const { signal } = this.ended;
    this.channel.postMessage({ hello: true });
    navigator.locks.request(this.how.name, { signal }, () => this.#lead()).catch(() => {});
    addEventListener("online", () => this.waiting?.());
    this.watch = setInterval(() => this.#watch(), 1000);
  }

  stop() {
    this.ended.abort();
    this.connection?.abort();
    clearInterval(this.watch);
    this.channel?.close();
    this.waiting?.();
  }

  /** Whether nobody knows what is happening now: the stream stands still. */
  get stands() {
    const { on, heardMs, lostMs } = this.status;
    return on ? Date.now() - heardMs > QUIET_MS : Date.now() - lostMs > GRACE_MS;
  }

  #watch() {
    if (this.status.leads && this.connection && Date.now() - this.status.heardMs > DEAD_MS) this.connection.abort();
    this.tell.status(this.status);
  }

  async #lead() {
    this.status.leads = true;
    for (let tried = 0; !this.ended.signal.aborted;) {
      try {
        await this.#read(() => { tried = 0; });
      } catch (error) {
        if (error instanceof Refused && error.status && error.status < 500 && error.status !== 429) {
          this.#all({ refused: error.status, rule: error.rule });
          return;
        }
      }
      this.#all({ on: false });
      if (this.ended.signal.aborted) return;
      await new Promise((done) => {
        this.waiting = done;
        setTimeout(done, AGAIN_MS[Math.min(tried++, AGAIN_MS.length - 1)] * (0.75 + Math.random() / 2));
      });
    }
  }

  async #read(connected) {
    this.connection = new AbortController();
    const late = setTimeout(() => this.connection.abort(), DEAD_MS);
    const answer = await fetched(this.how.path, { headers: { ...this.how.headers, "Last-Event-ID": this.position }, signal: this.connection.signal });
    clearTimeout(late);
    connected();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      this.#all({ on: true });
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const events = text.split("\n\n");
      text = events.pop();
      for (const one of events) this.#event(one);
    }
  }

  /** One server-sent event. A comment with two numbers is a sign of life: the server's time, and until when it knows everything. */
  #event(text) {
    const found = { event: "", id: "", data: "" };
    for (const line of text.split("\n")) {
      const at = line.indexOf(": ");
      if (at === 0) {
        const [now, known] = line.slice(2).split(" ").map(Number);
        if (now) this.#all({ now, known });
      } else if (at > 0 && line.slice(0, at) in found) found[line.slice(0, at)] += line.slice(at + 2);
    }
    if (found.id || found.event) this.#all({ id: found.id, event: found.event, changes: found.event === "changes" ? JSON.parse(found.data) : undefined });
  }

  /** Tell this tab and all others. */
  #all(message) {
    this.#told(message);
    if (!this.ended.signal.aborted) this.channel.postMessage(message);
  }

  #told(message) {
    if (message.hello) return this.status.leads && this.#all({ on: this.status.on });
    if (message.refused) return this.tell.refused(new Refused(message.refused, message.rule, () => ""));
    const { status } = this, was = status.on, now = Date.now();
    status.on = message.on ?? true;
    if (status.on) status.heardMs = now;
    else if (was) status.lostMs = now;
    if (message.changes) status.knownMs = now;
    if (message.now) {
      status.knownMs = now - (message.now - message.known);
      this.tell.time(message.now);
    }
    if (message.id) this.position = message.id;
    if (message.changes) this.tell.changes(message.changes);
    if (message.event === "snapshot") this.tell.snapshot();
    if (was !== status.on) this.tell.status(status);
  }
}
