// Preact with templates: what every module that draws needs.

import { h } from "./vendor/preact.mjs";
import { useState } from "./vendor/hooks.mjs";
import htm from "./vendor/htm.mjs";

/** A template of elements; see htm. */
export const html = htm.bind(h);

let ids = 0;

/** An id for an element, the same as long as its component lives. (Preact's own begin anew with each drawing of the page.) */
export const useOwnId = () => useState(() => `own-${++ids}`)[0];
