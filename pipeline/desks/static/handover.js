// The shift's overview: what is open and with whom, how much it rang, and the end of the shift.

import { useEffect, useState } from "./vendor/hooks.mjs";
import { ask } from "./api.js";
import { Dialog } from "./dialog.js";
import { html } from "./draw.js";
import { groupsOf, HANDLES, rang } from "./overview.js";
import { Plate } from "./rows.js";
import { named, span, t } from "./words.js";

const GROUPS = ["mine", "waits", "nobody", "others", "on"];
const MOST = 50; // shown of a group
const LOOK_MS = 5000; // so often, while it is open, who is here is asked for

/** @param {{desk: import("./desk.js").Desk, open: boolean, close: () => void}} props */
export function Handover({ desk, open, close }) {
  return html`<${Dialog} open=${open} close=${close} title=${t("shift")} wide=${true}>
    ${desk.me?.shift && html`<${Content} desk=${desk} close=${close} />`}
  <//>`;
}

function Content({ desk, close }) {
  const groups = groupsOf(desk.incidents.sorted(false), desk.me), counts = rang(desk.incidents.all.values(), desk.now);
  const persons = usePresent(desk.me), handles = HANDLES * Math.max(1, persons.length);
  const go = (id) => {
    close();
    desk.choose(id);
  };
  return html`<div class="leaves">
    <p class="budget"><label>${t("budget", { n: counts.last })} <meter min="0" max=${handles * 4} high=${handles} optimum="0" value=${counts.last}></meter></label>
      ${persons.length ? t("budget.persons", { n: persons.length, who: persons.map((one) => (one === desk.me.user_id ? t("who.you") : one)).join(", "), handles }) : t("budget.handles", { handles })}${" "}
      ${t("budget.before", { n: counts.before })}${counts.last > handles * 2 ? ` ${t("budget.much")}` : ""}</p>
    ${GROUPS.map((name) => html`<section key=${name} aria-labelledby=${`group-${name}`}>
      <h3 id=${`group-${name}`}>${t(`group.${name}`)} (${groups[name].length})</h3>
      ${groups[name].length > 0 && html`<ul>${groups[name].slice(0, MOST).map((one) => html`<li key=${one.id}><button type="button" class=${one.best.alert.priority} onClick=${() => go(one.id)}>
        <span class="urgency">${t(`priority.${one.best.alert.priority}`)}</span> <${Plate} read=${one.best.alert.read.plate} wanted=${one.best.alert.wanted_plate} />
        <span>${named("hotlist", one.best.alert.hotlist)}, ${one.last.place ?? one.last.alert.read.camera_id}</span>
        <span>${[withWhom(one, name, desk), span(desk.now - one.last.alert.read.captured_at_ms)].filter(Boolean).join(" · ")}</span>
      </button></li>`)}</ul>`}
      ${groups[name].length > MOST && html`<p class="hint">${t("group.more", { n: groups[name].length - MOST })}</p>`}
    </section>`)}
    ${groups.mine.length > 0 && html`<p class="told">${t("shift.still", { n: groups.mine.length })}</p>`}
    <p class="ending"><button type="button" class="ends" onClick=${() => { close(); desk.endShift(); }}>${t("shift.end")}</button> <button type="button" onClick=${close}>${t("shift.stay")} <kbd>Esc</kbd></button></p>
  </div>`;
}

/** Who is at this desk now; nobody, while that is not known. */
function usePresent(me) {
  const [persons, setPersons] = useState(/** @type {string[]} */ ([]));
  useEffect(() => {
    const look = () => ask("GET", `/desks/${me.shift.desk_id}/present`).then((said) => setPersons(said.persons ?? []), () => {});
    look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  return persons;
}

function withWhom({ told }, group, desk) {
  if (group === "others") return told.holder;
  return group === "on" ? `→ ${desk.nameOf(told.desk)}` : "";
}
