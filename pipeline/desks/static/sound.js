// Sounds made here, one for each priority. Of all tabs one sounds. A browser blocks sound until the page was pressed once.

/** Frequencies in Hz, one after the other; how often; how loud. */
const TUNES = {
  urgent: { notes: [880, 1175, 880, 1175], times: 3, gain: 0.5 },
  high: { notes: [784, 988], times: 2, gain: 0.35 },
  normal: { notes: [659], times: 1, gain: 0.25 },
};
const NOTE_S = 0.16, PAUSE_S = 0.3, KEPT = "vigie.muted";

export class Sound {
  /** @param {() => void} changed called when sound is let through, blocked, or muted */
  constructor(changed) {
    this.changed = changed;
    this.muted = localStorage.getItem(KEPT) === "yes";
    this.elsewhere = false;
    this.waking = false; // by the press that is under way
    this.context = new AudioContext();
    this.context.onstatechange = () => this.#look();
    for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => this.#wake(), { capture: true });
    for (const event of ["click", "keyup"]) addEventListener(event, () => setTimeout(() => { this.waking = false; }));
    this.watch = setInterval(() => this.#look(), 3000);
    this.rang = /** @type {string[]} */ ([]);
    this.#look();
  }

  /** Whether no tab of this browser would be heard. */
  get blocked() {
    return this.context.state !== "running" && !this.elsewhere;
  }

  /** Mute all but what is urgent, or end that. */
  mute() {
    this.muted = !this.muted;
    localStorage.setItem(KEPT, this.muted ? "yes" : "no");
    this.changed();
  }

  /** The button: the press that lets the sound through mutes nothing. */
  pressed() {
    if (!this.waking) this.mute();
  }

  /** Sound the most urgent of these priorities, if this is the tab that sounds. @param {string[]} priorities */
  ring(priorities) {
    const which = ["urgent", "high", "normal"].find((one) => priorities.includes(one));
    if (!which || (localStorage.getItem(KEPT) === "yes" && which !== "urgent")) return;
    if (this.context.state !== "running" || !this.holds) return;
    this.rang = [...this.rang.slice(-9), which];
    const { notes, times, gain } = TUNES[which];
    let at = this.context.currentTime + 0.02;
    for (let round = 0; round < times; round++, at += PAUSE_S) for (const hertz of notes) at = this.#note(hertz, at, gain);
  }

  #note(hertz, at, loud) {
    const tone = new OscillatorNode(this.context, { type: "triangle", frequency: hertz });
    const gain = new GainNode(this.context, { gain: 0 });
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(loud, at + 0.02);
    gain.gain.linearRampToValueAtTime(0, at + NOTE_S);
    tone.connect(gain).connect(this.context.destination);
    tone.start(at);
    tone.stop(at + NOTE_S);
    return at + NOTE_S;
  }

  async #wake() {
    if (this.context.state === "running") return;
    this.waking = true;
    await this.context.resume().catch(() => {});
    this.#look();
  }

  async #look() {
    if (this.context.state === "running" && !this.asked) {
      this.asked = true;
      navigator.locks.request("vigie.sound", () => {
        this.holds = true;
        this.changed();
        return new Promise(() => {}); // until this tab closes
      });
    }
    const { held } = await navigator.locks.query();
    const elsewhere = !this.holds && held.some((one) => one.name === "vigie.sound");
    if (elsewhere !== this.elsewhere || this.context.state !== this.was) {
      this.elsewhere = elsewhere;
      this.was = this.context.state;
      this.changed();
    }
  }
}
