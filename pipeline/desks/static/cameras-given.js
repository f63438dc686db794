// What is typed into a camera: shown once, and nowhere kept.

import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { t } from "./words.js";

/** @param {{given: {sender_id: string, password: string, address?: string} | null, close: () => void}} props */
export const Given = ({ given, close }) => html`<${Dialog} open=${given !== null} title=${t("cameras.given")} close=${close}>
  ${given && html`<p>${t("cameras.given.why")}</p>
    <dl><dt>${t("cameras.given.user")}</dt><dd class="mono">${given.sender_id}</dd>
      <dt>${t("cameras.given.password")}</dt><dd class="mono"><output>${given.password}</output></dd>
      <dt>${t("cameras.given.token")}</dt><dd class="mono">${given.sender_id}:${given.password}</dd>
      ${given.address && html`<dt>${t("cameras.given.address")}</dt><dd class="mono">${given.address}</dd>`}</dl>
    <p class="buttons"><button type="button" onClick=${close}>${t("close")}</button></p>`}
<//>`;
