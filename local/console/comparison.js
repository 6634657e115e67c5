/** The table that shows one profile as every contract sees it: a row an attribute, a column a contract. */

import { element, fill, unseen } from "./element.js";
import { attributes, isShown, isVerified, OWN, text, valueOf } from "./profile.js";

/**
 * @typedef {object} View
 * @property {string} id of the contract; `profile` is what is stored
 * @property {Map<string, {name: string, value: unknown}>} shown by canonical names
 * @property {string} note why it is not what the contract answered; "" when it is
 */

/**
 * @typedef {object} Change
 * @property {string} id of the view
 * @property {string} attribute
 * @property {string} before "" where it was not set
 * @property {string} after "" where it is not set
 */

/**
 * What is different in the later views.
 *
 * @param {View[]} before
 * @param {View[]} after
 * @returns {Change[]}
 */
export function changes(before, after) {
  return after.flatMap(({ id, shown }) => {
    const earlier = before.find((view) => view.id === id)?.shown ?? new Map();
    const names = new Set([...earlier.keys(), ...shown.keys()]);
    const value = (view, attribute) => text(view.get(attribute)?.value);
    const all = [...names].map((attribute) => ({
      id,
      attribute,
      before: value(earlier, attribute),
      after: value(shown, attribute),
    }));
    return all.filter((change) => change.before !== change.after && !OWN.includes(change.attribute));
  });
}

/** The table. */
export class Comparison {
  /**
   * @param {HTMLTableElement} table
   * @param {import("./contract.js").Contract[]} contracts
   * @param {(contract: string) => void} choose called with the contract that somebody wants to edit through
   */
  constructor(table, contracts, choose) {
    this.table = table;
    this.contracts = contracts;
    this.choose = choose;
    this.attributes = attributes(contracts.flatMap((contract) => [...contract.known().keys()]));
  }

  /**
   * @param {object} what
   * @param {Object<string, any> | null} what.profile as it is stored
   * @param {View[]} what.views the same first
   * @param {Change[]} what.changes that are marked
   * @param {string} what.chosen id of the contract that is edited through
   * @param {boolean} what.all whether attributes without a value are shown, too
   */
  draw({ profile, views, changes, chosen, all }) {
    const isMarked = (attribute) => changes.some((change) => change.attribute === attribute);
    const rows = this.attributes.filter((name) => all || isShown(name, profile ?? {}) || isMarked(name));
    this.hidden = this.attributes.length - rows.length;
    const had = document.activeElement?.closest?.("th[data-contract]")?.dataset.contract;
    const heads = this.contracts.map((contract) => this.head(contract, views, chosen));
    fill(this.table.tHead.rows[0], this.corner(), heads);
    fill(
      this.table.tBodies[0],
      rows.map((attribute) => {
        const cells = views.map((view) => this.cell(view, attribute, changes, chosen, profile ?? {}));
        return element("tr", {}, element("th", { scope: "row" }, breakable(attribute)), cells);
      }),
    );
    if (had) this.table.querySelector(`th[data-contract="${had}"] button`)?.focus();
  }

  /** Brings a row that is marked into sight. */
  reveal() {
    this.table.querySelector("tr:has([data-changed])")?.scrollIntoView({ block: "nearest" });
  }

  /** The profile as a view: each attribute under its own name. */
  stored(profile) {
    const shown = this.attributes.map((name) => [name, { name, value: valueOf(profile ?? {}, name) }]);
    return { id: "profile", note: "", shown: new Map(shown) };
  }

  corner() {
    const title = element("div", { class: "top" }, element("span", { class: "title" }, "The profile"));
    const note = element("span", { class: "note" }, "as it is stored");
    const stored = element("th", { scope: "col", class: "stored" }, title, note);
    return [element("th", { scope: "col" }, unseen("Attribute")), stored];
  }

  head(contract, views, chosen) {
    const isChosen = contract.id === chosen;
    const note = views.find((view) => view.id === contract.id)?.note;
    const { method, path } = contract.operation(contract.edit);
    const edit = element(
      "button",
      { type: "button", "aria-pressed": String(isChosen), onclick: () => this.choose(contract.id) },
      "Edit",
      unseen(` through ${contract.name}`),
    );
    return element(
      "th",
      { scope: "col", "data-contract": contract.id, class: isChosen ? "chosen" : null },
      element("div", { class: "top" }, element("span", { class: "title" }, contract.name), edit),
      element("span", { class: "note" }, note || `${method} ${path}`),
    );
  }

  cell({ id, shown, note }, attribute, changes, chosen, profile) {
    const contract = this.contracts.find((contract) => contract.id === id);
    const known = contract ? contract.known().get(attribute) : attribute;
    const kind = contract ? (id === chosen ? "chosen" : "") : "stored";
    const where = { "data-contract": contract?.id, "data-attribute": attribute };
    if (!known) return element("td", { ...where, class: `${kind} none` }, unseen("not in this contract"));
    const { name = known, value } = shown.get(attribute) ?? {};
    const change = changes.find((change) => change.id === id && change.attribute === attribute);
    // The contract could show it, and does not: it has no word for the value, or is set up not to.
    const isSilent = contract && !note && valueOf(profile, attribute) !== undefined;
    return element(
      "td",
      { ...where, class: kind, "data-changed": Boolean(change) },
      contract && element("span", { class: "name" }, name),
      text(value) ? full(text(value)) : isSilent ? unset("not shown") : [unset("–"), unseen("not set")],
      !contract && proved(isVerified(attribute, profile)),
      change && was(change.before),
    );
  }
}

const full = (value) => element("span", { class: "value", title: value.length > 40 && value }, value);

/** A name that is broken between its words, if anywhere. */
const breakable = (name) => name.split(/(?<=[._])/).flatMap((word) => [word, element("wbr")]);

const unset = (sign) => element("span", { class: "unset" }, sign);

const was = (before) =>
  element("span", { class: "was" }, before ? ["was ", element("del", {}, before)] : "was not set");

/** Whether a contact is proved; of what is none, nothing. */
function proved(isProved) {
  if (isProved === undefined) return undefined;
  return element("span", { class: isProved ? "proved" : "unproved" }, isProved ? "verified" : "unverified");
}
