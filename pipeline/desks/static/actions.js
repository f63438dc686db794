// The buttons of what a person may do about the incident that is shown, what each asks for, and the bar that undoes.

import { useLayoutEffect, useRef, useState } from "./vendor/hooks.mjs";
import { asks, DISMISSALS, ENDINGS, hindrance, KEYS, misread } from "./acting.js";
import { html } from "./draw.js";
import { t } from "./words.js";

/** Who has it, and what can be done now. @param {{desk: import("./desk.js").Desk, incident: import("./incidents.js").Incident, sighting: import("./incidents.js").Sighting}} props */
export function Actions({ desk, incident, sighting }) {
  const { decisions, me } = desk, { id, told } = incident, open = decisions.form?.id === id ? decisions.form : null;
  const wrong = decisions.wrong?.id === id ? decisions.wrong : null;
  const main = misread(desk.story.of(id), sighting.alert.alert_id) ? "" : "main"; // who called it a misread is not led to confirm it
  const others = told?.holder && told.holder !== me.user_id;
  const words = (did) => (did === "take" && others ? t("do.take_over") : t(`do.${did}`));
  return html`<section class="actions" aria-label=${t("actions")}>
    <p class="holder"><b class=${`phase is-${incident.phase}`}>${t(`phase.${incident.phase}`)}</b> ${holding(incident, desk)}</p>
    <div class="buttons" aria-busy=${String(Boolean(decisions.sending))}>
      ${KEYS.map(([did, key]) => html`<button type="button" key=${did} class=${hindrance(incident, sighting, did, me.user_id) ? "not" : did === "confirm" ? main : ""}
          aria-disabled=${String(Boolean(hindrance(incident, sighting, did, me.user_id)))} aria-keyshortcuts=${key} aria-expanded=${["take", "confirm"].includes(did) ? undefined : String(open?.did === did)}
          onClick=${() => desk.decide(did)}>${words(did)} <kbd>${key.toUpperCase()}</kbd></button>`)}
    </div>
    <div role="alert">${wrong && html`<p class="told wrong">${wrong.text()}${wrong.again && html` <button type="button" onClick=${wrong.again}>${t("try_again")}</button>`}</p>`}</div>
    ${open && html`<${Form} key=${open.did} desk=${desk} form=${open} sighting=${sighting} />`}
  </section>`;
}

/** Who has it, in words. */
function holding({ told, phase }, desk) {
  const { me } = desk, here = me.shift?.desk_id;
  if (!told) return "";
  if (phase === "handed_over") return t(told.desk === here ? "holder.here" : "holder.desk", { desk: desk.nameOf(told.desk) });
  if (!told.holder) return phase === "new" ? t(asks(told, here) ? "holder.asked" : "holder.nobody") : "";
  return told.holder === me.user_id ? t("holder.you") : t("holder.other", { who: told.holder, desk: desk.nameOf(told.desk) });
}

const FORMS = { misread: Misread, dismiss: Dismiss, hand_over: HandOver, close: Close };

function Form({ desk, form, sighting }) {
  const box = useRef(null);
  useLayoutEffect(() => { // with the form: what is typed at once lands there
    (box.current.querySelector("input.first") ?? box.current).focus();
    box.current.scrollIntoView({ block: "nearest" });
    const cut = box.current.getBoundingClientRect().top < box.current.closest(".detail").getBoundingClientRect().top;
    if (cut) box.current.scrollIntoView({ block: "start" }); // higher than there is room: it is read from its top
    return () => setTimeout(() => { if (document.activeElement === document.body) document.getElementById("rows")?.focus(); });
  }, []);
  return html`<div class="form" ref=${box} role="group" tabindex="-1" aria-label=${t(`ask.${form.did}`)}>
    <p class="asks"><b>${t(`ask.${form.did}`)}</b></p>
    <${FORMS[form.did]} desk=${desk} sighting=${sighting}>
      <button type="button" class="cancel" onClick=${() => desk.decisions.cancel()}>${t("cancel")} <kbd>Esc</kbd></button>
    <//>
  </div>`;
}

/**
 * Choices with a digit each, and a note that goes with whichever is pressed. needs: the choice that nobody understands without a note;
 * pressed without one it waits for it, and for Enter.
 */
function Choices({ choices, choose, needs, label = "note", children }) {
  const note = useRef(null), [hint, setHint] = useState("");
  const pressed = (value) => {
    const words = note.current.value.trim();
    if (words || value !== needs) return choose(value, words ? { note: words } : {});
    setHint("note.needed");
    note.current.focus();
  };
  const entered = (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    if (hint === "note.needed") return pressed(needs);
    setHint("note.choose");
    note.current.closest(".form").focus(); // where digits choose
  };
  return html`<div class="choices">${choices.map(([value, words], at) => html`<button type="button" key=${value} data-digit=${at + 1} onClick=${() => pressed(value)}>
      ${at < 9 && html`<kbd>${at + 1}</kbd> `}${words}</button>`)}</div>
    <label for="note">${t(label)}</label>
    <input id="note" maxlength="1000" ref=${note} aria-invalid=${hint === "note.needed" ? "true" : undefined} onKeyDown=${entered} />
    <p class="hint" role="status">${hint && t(hint)}</p>
    ${children}`;
}

function Dismiss({ desk, children }) {
  return html`<${Choices} label="note.other" needs="other" choices=${DISMISSALS.map((one) => [one, t(`dismissal.${one}`)])}
    choose=${(dismissal, note) => desk.decisions.finish({ dismissal, ...note })}>${children}<//>`;
}

function Close({ desk, children }) {
  return html`<${Choices} choices=${ENDINGS.map((one) => [one, t(`ending.${one}`)])} choose=${(ending, note) => desk.decisions.finish({ ending, ...note })}>${children}<//>`;
}

function HandOver({ desk, children }) {
  const others = desk.desks.filter((one) => one.desk_id !== desk.me.shift?.desk_id);
  if (!others.length) return html`<p>${t("desks.no_other")}</p>${children}`;
  return html`<${Choices} choices=${others.map((one) => [one.desk_id, one.name])} choose=${(to_desk, note) => desk.decisions.finish({ to_desk, ...note })}>${children}<//>`;
}

/** As low as can be: the picture of the plate stays in sight above it. */
function Misread({ desk, sighting: { alert }, children }) {
  const box = useRef(null);
  useLayoutEffect(() => { // once: what is typed is not drawn over
    box.current.elements.really.value = alert.read.plate;
    box.current.elements.country.value = alert.read.country ?? "";
  }, []);
  const send = (event) => {
    event.preventDefault();
    const { really, country, note } = event.target.elements;
    const plate = really.value.toUpperCase().replace(/[^A-Z0-9]/g, ""), of = country.value.trim().toUpperCase();
    if (plate === alert.wanted_plate) return really.setCustomValidity(t("misread.wanted")), really.reportValidity();
    desk.decisions.finish({ alert_id: alert.alert_id, plate, ...(of ? { plate_country: of } : {}), ...(note.value.trim() ? { note: note.value.trim() } : {}) });
  };
  return html`<form class="misread" ref=${box} onSubmit=${send}>
    <div><label for="really">${t("misread.really")}</label>
    <input id="really" class="first" name="really" maxlength="20" pattern=".*[A-Za-z0-9].*" autocapitalize="characters" autocomplete="off" spellcheck=${false} required
      onFocus=${(event) => event.target.select()} onInput=${(event) => event.target.setCustomValidity("")} /></div>
    <div><label for="country">${t("misread.country")}</label>
    <input id="country" name="country" maxlength="2" pattern="[A-Za-z]{2}" autocapitalize="characters" autocomplete="off" /></div>
    <div><label for="note">${t("note")}</label>
    <input id="note" name="note" maxlength="1000" /></div>
    <div class="ends"><button>${t("do.misread")} <kbd>Enter</kbd></button> ${children}</div>
  </form>`;
}

/** The last thing that was done, and how long it can be undone. @param {{desk: import("./desk.js").Desk}} props */
export function Undo({ desk }) {
  const { decisions } = desk, left = decisions.leftS;
  if (!decisions.shows) return null;
  return html`<section class="undo" aria-label=${t("undo")}>
    <p>${decisions.said()}</p>
    ${left > 0 && html`<button type="button" aria-keyshortcuts="z" onClick=${() => decisions.undo()}>${t("undo")} <kbd>Z</kbd> <span class="left" aria-hidden="true">${left} s</span></button>`}
  </section>`;
}
