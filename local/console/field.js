/** One field of a form, made from the schema of a member. */

import { element, fill } from "./element.js";
import { bounds, types } from "./schema.js";

let made = 0;

/** A field. What is typed is never kept from being sent: whether it is right, the contract says. */
export class Field {
  /**
   * @param {string} name of the member
   * @param {import("./schema.js").Schema} schema of the member, resolved
   * @param {null | ""} empty what clears the member
   */
  constructor(name, schema, empty) {
    Object.assign(this, { name, schema, empty, stored: undefined });
    this.id = `field-${(made += 1)}`;
    this.control = control(schema);
    this.control.id = this.id;
    this.control.name = name;
    this.fault = element("p", { class: "fault", id: `${this.id}-fault`, hidden: true });
    const [first, rest] = sentences(schema.description ?? "");
    const help = element("p", { class: "help", id: `${this.id}-help` }, first);
    if (rest) help.append(element("span", { class: "rest" }, ` ${rest}`));
    this.note = element("p", { class: "help", id: `${this.id}-note` });
    this.control.setAttribute("aria-describedby", `${this.id}-hint ${this.id}-help ${this.id}-note ${this.id}-fault`);
    this.row = element("div", { class: "control" }, this.control);
    this.block = element(
      "div",
      { class: "field", "data-name": name },
      element("label", { for: this.id }, name),
      element("span", { class: "hint", id: `${this.id}-hint` }, bounds(schema)),
      this.row,
      help,
      this.note,
      this.fault,
    );
  }

  /**
   * Puts the stored value in, unless somebody has typed another one.
   *
   * @param {unknown} value
   * @param {boolean} [isUnshown] whether it is stored, but nothing that the contract shows
   */
  store(value, isUnshown = false) {
    const isTouched = this.isChanged;
    const isKnown = !isUnshown || !this.schema.enum || this.schema.enum.includes(value);
    this.stored = isKnown ? value : undefined;
    if (!isTouched) this.type(this.stored);
    fill(this.note, isUnshown && `Not shown by this contract; stored: ${written(value)}`);
  }

  /** Types a value in, as a person would. */
  type(value) {
    const typed = written(value);
    if (this.control.tagName === "SELECT" && ![...this.control.options].some((option) => option.value === typed)) {
      this.control.append(element("option", { value: typed }, typed));
    }
    this.control.value = typed;
  }

  /** Takes what is typed for what is stored, until that is read. */
  settle() {
    this.stored = this.typed;
  }

  get typed() {
    return this.control.value;
  }

  get isChanged() {
    return this.typed !== written(this.stored).replaceAll("\r\n", "\n");
  }

  /**
   * The member's value as it is sent.
   *
   * @throws {SyntaxError} when what is typed should be JSON and is none
   */
  get value() {
    if (!this.typed) return types(this.schema).includes("null") ? this.empty : "";
    if (types(this.schema).includes("string")) return this.typed;
    return difference(this.stored, JSON.parse(this.typed));
  }

  get isRefused() {
    return !this.fault.hidden;
  }

  /** Whether something can be sent that clears the member. */
  get isClearable() {
    return this.empty === "" || types(this.schema).includes("null");
  }

  /** Says what is wrong with the field; `""`: nothing. */
  refuse(fault) {
    const isEmptied = fault && !this.typed && !this.isClearable;
    fill(this.fault, isEmptied ? `${withFullStop(fault)} It cannot be emptied here.` : fault);
    this.fault.hidden = !fault;
    this.control.setAttribute("aria-invalid", String(Boolean(fault)));
  }
}

function control(schema) {
  if (schema.enum || types(schema).includes("boolean")) {
    const values = schema.enum?.filter((value) => value !== null) ?? [true, false];
    const options = ["", ...values].map(written);
    return element("select", {}, options.map((value) => element("option", { value }, value || "not set")));
  }
  const plain = { spellcheck: "false", autocomplete: "off", autocapitalize: "none" };
  if (types(schema).includes("object")) return element("textarea", { ...plain, rows: 3, class: "json" });
  if (isOfManyLines(schema)) {
    return element("textarea", { ...plain, rows: 3 });
  }
  const kinds = { date: "date", password: "password" };
  const autocomplete = schema.format === "password" ? "new-password" : "off";
  return element("input", { ...plain, type: kinds[schema.format] ?? "text", autocomplete });
}

/** Whether a text may have more than one line. White space alone may clear what has but one. */
function isOfManyLines(schema) {
  return types(schema).includes("string") && schema.pattern && new RegExp(schema.pattern, "u").test("a\nb");
}

/** A text that ends as a sentence does. */
export const withFullStop = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

/** A value as it is typed. */
function written(value) {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
}

/** What has to be merged into one value to get another (RFC 7396). */
function difference(from, to) {
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(from) || !isObject(to)) return to;
  const gone = Object.keys(from).filter((name) => !(name in to)).map((name) => [name, null]);
  const other = Object.entries(to).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(from[name]));
  return Object.fromEntries([...gone, ...other.map(([name, value]) => [name, difference(from[name], value)])]);
}

/** The first sentence of a description, and the rest. */
function sentences(description) {
  const plain = description.replaceAll("`", "");
  const end = plain.search(/\.(\s|$)/) + 1;
  return end ? [plain.slice(0, end), plain.slice(end).trim()] : [plain, ""];
}
