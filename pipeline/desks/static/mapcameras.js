// Where the cameras are, asked for once, a page at a time.

import { ask } from "./api.js";

const PAUSE_MS = 80; // nobody asks more than twenty times a second, and alerts come first
const AGAIN_MS = 5000;
const MORE_MS = 1000;

/** @typedef {{name: string, at: [number, number]}} Camera at: longitude, latitude */

/**
 * Ask for the cameras. Calls `more` with all that are known, once a second at most and at the end; goes on until it has all, or `gone` is aborted.
 * @param {(cameras: Map<string, Camera>) => void} more  @param {AbortSignal} gone
 */
export async function cameras(more, gone) {
  /** @type {Map<string, Camera>} */
  const found = new Map();
  let toldMs = 0;
  for (let cursor = ""; !gone.aborted;) {
    try {
      const page = await ask("GET", cursor ? `/cameras?cursor=${encodeURIComponent(cursor)}` : "/cameras");
      for (const { camera_id, name, position } of page.items) if (position) found.set(camera_id, { name, at: [position.lon, position.lat] });
      cursor = page.next ?? "";
      if (!cursor || Date.now() - toldMs > MORE_MS) {
        toldMs = Date.now();
        more(found);
      }
      if (!cursor) return;
    } catch (error) {
      if (error.status && error.status < 500 && error.status !== 429) return; // no right to see them: the alerts' own places are shown
      await new Promise((done) => setTimeout(done, Math.max(AGAIN_MS, (error.waitS ?? 0) * 1000)));
    }
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}
