// The last passages at a camera, with their pictures: each look is recorded, and each picture bears the viewer's name.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { html } from "./draw.js";
import { Moment } from "./moments.js";
import { Picture } from "./picture.js";
import { Table } from "./table.js";
import { named, t } from "./words.js";

/** @param {{id: string, headers: Record<string, string>}} props */
export function Passages({ id, headers }) {
  const [found, setFound] = useState(/** @type {any[] | null} */ (null)), [wrong, setWrong] = useState(/** @type {any} */ (null)), [chosen, setChosen] = useState("");
  useEffect(() => {
    ask("GET", `/camera-passages/${id}`, undefined, headers).then(({ items }) => {
      setFound(items);
      setChosen(items.find((one) => one.crop || one.overview)?.place ?? "");
    }, setWrong);
  }, [id]);
  if (wrong) return html`<p class="told wrong" role="alert">${wrong.message}</p>`;
  const one = found?.find(({ place }) => place === chosen);
  return html`${one && html`<div class="shots">${["crop", "overview"].filter((which) => one[which]).map((which) => html`<${Picture} key=${which} path=${`/camera-passages/${id}/${one.place}/${which}`} which=${which} plate=${one.plate} headers=${headers} />`)}</div>`}
    <${Table} caption=${t("cameras.passages")} rows=${found} of=${({ place }) => place} chosen=${chosen} empty=${t("cameras.passages.none")} columns=${[
      { name: "at", title: t("cameras.captured"), class: "when", cell: (each) => html`<${Moment} ms=${each.captured_at_ms} />` },
      { name: "plate", title: t("cameras.plate"), cell: (each) => html`<span class="mono">${each.plate}</span>` },
      { name: "sure", title: t("cameras.sure"), class: "number", cell: (each) => (each.confidence == null ? t("cameras.sure.unknown") : `${Math.round(each.confidence * 100)} %`) },
      { name: "late", title: t("cameras.late"), class: "number", cell: (each) => html`${(each.late_ms / 1000).toFixed(1)} s${each.clock_doubted && html` <span class="tag wrong">${t("trouble.clock_lost")}</span>`}` },
      { name: "lane", title: t("cameras.lane"), class: "number", cell: (each) => each.lane ?? "" },
      { name: "class", title: t("cameras.class"), cell: (each) => (each.vehicle_class === "unknown" ? "" : named("class", each.vehicle_class)) },
      { name: "pictures", title: t("cameras.pictures"), cell: (each) => (each.crop || each.overview ? html`<button type="button" onClick=${() => setChosen(each.place)}>${t("cameras.pictures.show")}</button>` : t("none")) },
    ]} />`;
}
