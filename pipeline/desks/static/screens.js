// The screens that there are, who may open each, and which one a person sees first.

/** @typedef {{name: string, needs: string[], first: string[]}} Screen name: of its page, /NAME, and of its words, screen.NAME.
 *  needs: the rights of which one opens it; first: the roles that begin there. */

/** @type {Screen[]} */
export const SCREENS = [
  { name: "dispatch", needs: ["alerts.see"], first: ["dispatcher", "investigator"] },
  { name: "authority", needs: ["violations.see"], first: ["authority_officer"] },
  { name: "liaison", needs: ["policies.see"], first: ["liaison_officer"] },
  { name: "lists", needs: ["hotlist.see"], first: ["list_manager", "magistrate"] },
  { name: "accounts", needs: ["users.see"], first: ["administrator"] },
  { name: "cameras", needs: ["cameras.change"], first: ["camera_manager"] },
  { name: "record", needs: ["record.see"], first: ["auditor", "oversight"] },
  { name: "approvals", needs: ["approvals.give"], first: [] },
];
const KEPT = "vigie.to"; // of this tab: the address that somebody wanted before logging in

/** The screens that this person may open. @returns {Screen[]} */
export const open = (me) => SCREENS.filter((one) => one.needs.some((act) => me.may.includes(act)));

/** The address of the screen that this person sees first; null: there is none. @returns {string | null} */
export function first(me) {
  const mine = open(me), roles = (me.designations ?? []).map((one) => one.role);
  const found = mine.find((one) => one.first.some((role) => roles.includes(role))) ?? mine[0];
  return found ? `/${found.name}` : null;
}

/** Remember this address, a link to one thing perhaps, for after the login. */
export const wanted = () => sessionStorage.setItem(KEPT, location.pathname + location.hash);

/** Where a person who has just logged in goes: to what was wanted, else to the first screen; null: nowhere. @returns {string | null} */
export function onward(me) {
  const to = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  return open(me).some((one) => to?.split("#")[0] === `/${one.name}`) ? to : first(me);
}
