// Preact with templates: what every module that draws needs.

import { h } from "./vendor/preact.mjs";
import htm from "./vendor/htm.mjs";

/** A template of elements; see htm. */
export const html = htm.bind(h);
