// The first page: log in, choose a password, and see who one is and what one may do.

import { render } from "./vendor/preact.mjs";
import { ask, Refused } from "./api.js";
import { html } from "./draw.js";
import { Head, themed } from "./head.js";
import * as organisation from "./organisation.js";
import * as passkeys from "./passkeys.js";
import { first, onward } from "./screens.js";
import * as signing from "./signing.js";
import { named, t, translate, when } from "./words.js";

const $ = (id) => document.getElementById(id);
const ACCOUNT = "#you"; // the address of this page for who is logged in; every other leads on to the person's first screen
const OUT = "#out"; // for who has just logged out
let me = null; // who is logged in, as the server says
let provider = null; // the identity provider's host, where there is one
let waiting = 0; // the timer of a lock

const NOTHING = () => "";
const SECTIONS = { login: "user", choose: "new-password", home: "home-title" }; // and what has the focus as each begins

/** Show one section, and nothing of another person's. */
function show(id) {
  for (const one of Object.keys(SECTIONS)) $(one).hidden = one !== id;
  headed();
  $(SECTIONS[id]).focus();
}

/** What stands above the section that is shown. */
function headed() {
  const id = Object.keys(SECTIONS).find((one) => !$(one).hidden) ?? "login";
  render(html`<${Head} me=${id === "login" ? null : me} here="you" />`, $("head"));
  document.title = `${$(`${id}-title`).textContent} - Vigie`;
}

const said = new Map(); // of each place, the words that stand there, in whatever language is chosen

/** @param {() => string} words  @param {boolean} [wrong]  @param {string} [place] */
function tell(words, wrong = false, place = "told") {
  clearInterval(waiting);
  said.set(place, words);
  $(place).textContent = words();
  $(place).classList.toggle("wrong", wrong);
}

/** Tell of a refusal; while a wait lasts, how long it still is. */
function complain(error, place = "told") {
  if (!(error instanceof Refused)) throw error;
  if (error.rule !== "guesses") return tell(() => error.message, true, place);
  const until = Date.now() + error.waitS * 1000;
  const left = () => Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const words = () => (left() ? t(left() > 90 ? "wait.minutes" : "wait.seconds", { n: left() > 90 ? Math.ceil(left() / 60) : left() }) : t("wait.over"));
  tell(words, true, place);
  waiting = setInterval(() => {
    $(place).textContent = words();
    if (!left()) clearInterval(waiting);
  }, 15_000);
}

/** Do this when the form is sent, or the button pressed; what goes wrong is told. One thing at a time. */
function on(id, event, work, place = "told") {
  $(id).addEventListener(event, async (happened) => {
    happened.preventDefault();
    const buttons = [...document.querySelectorAll("button")].filter((one) => !one.disabled);
    const focused = document.activeElement;
    buttons.forEach((one) => { one.disabled = true; });
    try {
      tell(NOTHING, false, place);
      await work();
    } catch (error) {
      if (error.status === 401 && me !== null) ended();
      else complain(error, place);
    } finally {
      buttons.forEach((one) => { one.disabled = false; });
      if (document.activeElement === document.body) focused.focus(); // a browser takes it from a button that cannot be pressed
      happened.target.querySelectorAll?.("input[type=password]").forEach((one) => { one.value = ""; });
    }
  });
}

function ended() {
  me = null;
  if ($("proof").open) $("proof").close();
  clear();
  show("login");
  tell(() => t("ended.again"), true);
}

function clear() {
  for (const id of ["facts", "may", "designations", "passkeys", "keys", "sign-key"]) $(id).replaceChildren();
  for (const id of ["sign-text", "sign-out"]) $(id).value = "";
}

/** Do what asks for a fresh proof; where it is refused for want of one, ask for the proof and do it again. */
async function proven(work) {
  try {
    return await work();
  } catch (error) {
    if (error.rule !== "fresh") throw error;
  }
  await new Promise((done, given_up) => {
    $("proof-user").value = me.user_id;
    $("proof").onclose = () => ($("proof").returnValue === "proven" ? done() : given_up(new Refused(0, "proof", () => t("proof.none"))));
    $("proof").returnValue = "";
    $("proof").showModal();
    $("proof").querySelectorAll("button").forEach((one) => { one.disabled = false; });
  });
  return work();
}

async function entered(answer) {
  me = answer;
  if (me.how === "initial") {
    $("choose-user").value = me.user_id;
    $("choose-cancel").hidden = true;
    $("choose-why").hidden = false;
    show("choose");
  } else if (location.hash === ACCOUNT || first(me) === null) {
    await home();
  } else {
    location.assign(onward(me));
  }
}

async function home() {
  clear();
  show("home");
  await filled();
}

/** What is known of the person, in words. */
async function filled() {
  facts();
  const rows = (me.designations ?? []).map((one) => row([named("role", one.role), one.everywhere ? t("everywhere") : listed(one.zones),
    listed(one.networks, "network"), listed(one.lists, "hotlist"), when(one.valid_until_ms), when(one.trained_until_ms)]));
  $("designations").replaceChildren(...(rows.length ? rows : [row([t("designations.none"), "", "", "", "", ""])]));
  $("may").replaceChildren(...(me.may.length ? me.may.map((act) => element("li", named("act", act))) : [element("li", t("may.login"))]));
  await Promise.all([passkeys.available ? kept() : null, provider ? bound() : null, keys()]);
}

function facts() {
  const pairs = [["name", me.name], ["account", me.user_id], ["works_for", me.service], ["logged_in", t(`how.${me.how}`)], ["session_ends", t("unless", { when: when(me.ends_ms) })]];
  $("facts").replaceChildren(...pairs.flatMap(([name, value]) => [element("dt", t(name)), element("dd", value)]));
}

async function kept() {
  const { items } = await ask("GET", "/passkeys");
  $("passkeys").replaceChildren(...items.map((one) => {
    const line = element("li", t("passkey.since", { name: one.name, when: when(one.added_ms) }));
    const button = Object.assign(element("button", t("remove")), { type: "button", id: `remove-${one.passkey_id}` });
    button.setAttribute("aria-label", t("passkey.remove", { name: one.name }));
    line.append(" ", button);
    return line;
  }));
  for (const one of items) {
    on(`remove-${one.passkey_id}`, "click", async () => {
      await proven(() => ask("DELETE", `/passkeys/${one.passkey_id}`));
      await kept();
      tell(() => t("passkey.removed", { name: one.name }));
    });
  }
}

async function keys() {
  const signs = me.may.includes("signing_keys.enrol");
  $("signing").hidden = !signs;
  if (!signs) return;
  const every = await signing.list();
  $("keys").replaceChildren(...every.map((one) => {
    const line = element("li", t(one.here ? "signing.here" : "signing.elsewhere", { key: one.key_id, state: stateOf(one) }));
    if (one.revoked_at_ms != null) return line;
    line.append(" ", Object.assign(element("button", t("signing.revoke")), { type: "button", id: `revoke-${one.key_id}` }));
    line.lastChild.setAttribute("aria-label", t("signing.revoke.key", { key: one.key_id }));
    return line;
  }));
  const usable = every.filter((one) => one.here && one.revoked_at_ms == null);
  for (const one of every.filter((each) => each.revoked_at_ms == null)) {
    on(`revoke-${one.key_id}`, "click", async () => {
      await proven(() => signing.revoke(one.key_id));
      await keys();
      tell(() => t("signing.revoked", { key: one.key_id }));
    });
  }
  $("sign-key").replaceChildren(...usable.map((one) => Object.assign(element("option", one.key_id), { value: one.key_id })));
  $("sign-form").hidden = !usable.length;
  $("sign-out").hidden = $("sign-out-label").hidden = $("sign-out").value === "";
}

function stateOf(key) {
  if (key.revoked_at_ms != null) return t("signing.state.revoked", { when: when(key.revoked_at_ms) });
  return key.approved_by == null ? t("signing.state.waits") : t("signing.state.holds", { when: when(key.valid_until_ms) });
}

async function bound() {
  const binding = await ask("GET", "/binding");
  const is = binding.subject != null;
  $("binding").textContent = is ? t("binding.is", { subject: binding.subject, provider, when: when(binding.added_ms) }) : t("binding.none", { provider });
  $("bind").hidden = is;
  $("unbind").hidden = !is;
}

const listed = (names, group = "zone") => (names?.length ? names.map((one) => named(group, one)).join(", ") : t("none"));

function element(name, words) {
  return Object.assign(document.createElement(name), { textContent: words });
}

function row(cells) {
  const made = document.createElement("tr");
  made.append(...cells.map((words) => element("td", words)));
  return made;
}

on("login-form", "submit", async () => entered(await ask("POST", "/session", { user_id: $("user").value.trim(), password: $("password").value })));
on("login-passkey", "click", async () => entered(await passkeys.sign("/session/passkey")));
on("login-organisation", "click", () => organisation.depart("login"));
on("choose-bind", "click", () => proven(() => organisation.depart("binding")));
on("change-password", "click", () => {
  $("choose-user").value = me.user_id;
  $("choose-cancel").hidden = false;
  $("choose-why").hidden = true;
  show("choose");
});
on("choose-cancel", "click", home);
on("choose-form", "submit", async () => {
  const password = $("new-password").value;
  if (password !== $("new-again").value) throw new Refused(0, "again", () => t("password.differ"));
  await entered(await proven(() => ask("PUT", "/password", { password })));
  tell(() => t("password.changed"));
});
on("passkey-form", "submit", async () => {
  const name = $("passkey-name").value.trim();
  await proven(() => passkeys.enrol(name));
  $("passkey-name").value = "";
  await kept();
  tell(() => t("passkey.made", { name }));
});
on("bind", "click", () => proven(() => organisation.depart("binding")));
on("unbind", "click", async () => {
  await proven(() => ask("DELETE", "/binding"));
  await bound();
  tell(() => t("binding.ended"));
});
on("key-make", "click", async () => {
  const made = await signing.make(me.user_id);
  await keys();
  tell(() => t("signing.made", { key: made.key_id }));
});
on("sign-form", "submit", async () => {
  $("sign-out").value = JSON.stringify(await signing.sign($("sign-key").value, $("sign-text").value));
  $("sign-out").hidden = $("sign-out-label").hidden = false;
  tell(() => t("signing.signed"));
});
const proof = (work) => async () => {
  me = await work();
  $("proof").close("proven");
};
on("proof-form", "submit", proof(() => ask("POST", "/session/proof", { password: $("proof-password").value })), "proof-told");
on("proof-passkey", "click", proof(() => passkeys.sign("/session/proof/passkey")), "proof-told");
on("proof-organisation", "click", () => organisation.depart("proof"), "proof-told");
on("proof-cancel", "click", () => $("proof").close("cancelled"), "proof-told");

themed();
addEventListener("language", () => { // what was typed stays
  translate(document);
  headed();
  for (const [place, words] of said) $(place).textContent = words();
  if (!$("home").hidden) filled().catch(complain);
});
translate(document);
for (const one of document.querySelectorAll(".passkeys-only")) one.hidden = !passkeys.available;
try {
  provider = await organisation.provider();
  for (const one of document.querySelectorAll(".organisation-only")) one.hidden = provider === null;
  const back = await organisation.arrived();
  if (back && back.purpose !== "login") history.replaceState(null, "", `/${ACCOUNT}`);
  await entered(back ? back.me : await ask("GET", "/session"));
  if (back?.purpose === "proof") tell(() => t("proof.done"));
} catch (error) {
  if (error.status === 401) {
    show("login");
    if (location.hash === OUT) tell(() => t("logged_out"));
  } else {
    history.replaceState(null, "", `/${ACCOUNT}`);
    await ask("GET", "/session").then(entered, () => show("login")); // who came back in vain may be logged in all the same
    complain(error);
  }
}
