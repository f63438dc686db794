// Why plates are shown: asked once in a tab, sent with each request, and kept until the tab closes or somebody changes it.

import { useState } from "./vendor/hooks.mjs";
import { because } from "./api.js";
import { html } from "./draw.js";
import { Field, Form } from "./form.js";
import { t } from "./words.js";

const KEPT = "vigie.reason";

/** The reason that this tab keeps; null: none was given. @returns {{reason: string, reference: string} | null} */
export function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

/**
 * Shows its children once there is a reason, with the headers that say it.
 * @param {{me: any, children: (headers: Record<string, string>) => any}} props
 */
export function Reasoned({ me, children }) {
  const [given, setGiven] = useState(() => {
    const found = kept();
    return found?.who === me.user_id ? found : null;
  });
  const forget = () => {
    sessionStorage.removeItem(KEPT);
    setGiven(null);
  };
  const send = async ({ why, reference }) => {
    const said = { who: me.user_id, reason: why, reference };
    sessionStorage.setItem(KEPT, JSON.stringify(said));
    setGiven(said);
  };
  if (!given) {
    return html`<${Form} title=${t("go_on")} send=${send} class="reasoning">
      <p>${t("reason.why")}</p>
      <${Field} name="why" title=${t("reason")} hint=${t("reason.rule.screen")} minlength="8" maxlength="1000" required first=${true} />
      <${Field} name="reference" title=${t("case")} maxlength="1000" />
    <//>`;
  }
  return html`<p class="soft reasoned">${t("reason")}: ${given.reason}${given.reference && ` (${given.reference})`} <button type="button" class="link" onClick=${forget}>${t("reason.change")}</button></p>
    ${children(because(given.reason, given.reference))}`;
}
