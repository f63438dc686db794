// A picture that the API gives: asked for as it comes on screen, let go as it leaves. Each look is recorded, and each picture bears the viewer's name.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { fetched } from "./api.js";
import { html } from "./draw.js";
import { t } from "./words.js";

/**
 * path: of the API; null: there is no picture. restMs: so long it must stay on screen before it is asked for. children: what stands below it.
 * @param {{path: string | null, which: "crop" | "overview", plate: string, headers?: Record<string, string>, restMs?: number, children?: any}} props
 */
export function Picture({ path, which, plate, headers, restMs = 0, children }) {
  const [shown, setShown] = useState({ path, state: path ? "loading" : "none", url: "" });
  useEffect(() => {
    if (!path) return undefined;
    const gone = new AbortController();
    let url = "";
    const load = async () => {
      try {
        const blob = await (await fetched(path, { signal: gone.signal, headers })).blob();
        if (gone.signal.aborted) return;
        url = URL.createObjectURL(blob);
        setShown({ path, state: "there", url });
      } catch (error) {
        if (!gone.signal.aborted) setShown({ path, state: error.status === 404 ? "none" : "failed", url: "" });
      }
    };
    const begin = setTimeout(load, restMs);
    return () => {
      gone.abort();
      clearTimeout(begin);
      if (url) URL.revokeObjectURL(url);
    };
  }, [path]);
  const { state, url } = shown.path === path ? shown : { state: path ? "loading" : "none", url: "" }; // never another one's for a moment
  return html`<figure class=${state === "none" ? `${which} without` : which}>
    ${state === "there" ? html`<img src=${url} alt=${t(`picture.${which}.alt`, { plate })} />` : html`<p>${t(`picture.${state}`)}</p>`}
    ${children}
  </figure>`;
}
