// What is wrong with a camera, in words.

import { t } from "./words.js";

const SHARES = ["clock_lost", "one_plate", "poor_reads", "blind", "moved"];

/** What was found. @param {import("./fleet.js").Trouble} trouble */
export function told({ kind, found, usual }) {
  const figure = (one) => Math.round(SHARES.includes(kind) ? one * 100 : one);
  return t(`trouble.found.${kind}`, { found: figure(found), usual: figure(usual) });
}
