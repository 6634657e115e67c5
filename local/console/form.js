/** The form through which one contract changes the profile, made from its schema. */

import { element, fill } from "./element.js";
import { Field, withFullStop } from "./field.js";
import { place } from "./profile.js";
import { code, proofs } from "./proof.js";
import { isDone, refusal } from "./refusal.js";
import { NoAnswer } from "./wire.js";

/**
 * @typedef {object} Change as it was when somebody pressed Save
 * @property {import("./contract.js").Contract} contract
 * @property {string} actor
 * @property {import("./contract.js").Credentials} credentials
 * @property {object} body
 */

/** A form for one contract at a time. */
export class Form {
  /**
   * @param {HTMLFormElement} form
   * @param {object} calls
   * @param {(exchange: import("./wire.js").Exchange) => void} calls.sent called with what was sent in between
   * @param {(change: Change) => Promise<import("./wire.js").Exchange | undefined>} calls.change sends a change, unless it
   *   is too late for it
   * @param {(text: string) => void} calls.say tells people what came of it; `""`: nothing any more
   */
  constructor(form, calls) {
    Object.assign(this, { form, calls, sheets: new Map() });
    this.button = form.querySelector("[type=submit]");
    this.fieldset = form.querySelector(".fields");
    this.preview = form.querySelector(".preview");
    this.fault = form.querySelector(".fault");
    form.addEventListener("submit", (submit) => {
      submit.preventDefault();
      this.submit();
    });
    form.addEventListener("input", ({ target }) => {
      this.field(target.name)?.refuse("");
      if (!this.fields.some(({ isRefused }) => isRefused)) this.refuse("");
      this.foresee();
    });
  }

  /** Leaves what was typed: it was for somebody else. */
  forget() {
    this.sheets.clear();
  }

  /**
   * Shows the fields of a contract, with what was typed into them before.
   *
   * @param {import("./contract.js").Contract} contract
   * @param {string} actor
   * @param {import("./contract.js").Credentials} credentials
   * @param {Map<string, {value: unknown, isUnshown?: boolean}>} shown the contract's own view, by canonical names; and
   *   what is stored and not shown
   */
  show(contract, actor, credentials, shown) {
    Object.assign(this, { contract, actor });
    const key = keyOf(contract, actor);
    if (!this.sheets.has(key)) this.sheets.set(key, this.sheet(contract, actor));
    const { blocks, ...sheet } = this.sheets.get(key);
    Object.assign(this, sheet);
    fill(this.fieldset, blocks);
    this.store(credentials, shown);
    this.refuse("");
  }

  /** Makes the fields of a contract. */
  sheet(contract, actor) {
    const order = ([, { "x-attribute": one }], [, { "x-attribute": other }]) => place(one) - place(other);
    const members = contract.members().filter(([, schema]) => schema["x-attribute"] !== "user_id");
    const fields = members.sort(order).map(([name, schema]) => new Field(name, schema, contract.empty));
    const provable = contract.actor(actor) === "user" ? proofs(contract) : new Map();
    const required = new Set(contract.operation(contract.edit).request.required ?? []);
    const companions = new Set([...provable.values()].flatMap((proof) => proof.companions));
    const blocks = fields.filter(({ name }) => !companions.has(name)).map((field) => {
      const proof = provable.get(field.name);
      return proof ? this.provable(field, proof, fields) : field.block;
    });
    return { fields, required, proofs: provable, blocks };
  }

  /** Puts what is stored now into all fields that nobody has touched. */
  store(credentials, shown) {
    this.credentials = credentials;
    for (const field of this.fields) {
      const { value, isUnshown } = shown.get(field.schema["x-attribute"]) ?? {};
      field.store(value, isUnshown);
    }
    this.foresee();
  }

  /**
   * The change is made, and nothing is left to be sent. The fields stay, so that nobody loses their place.
   *
   * @param {import("./contract.js").Contract} contract
   * @param {string} actor
   */
  settle(contract, actor) {
    const sheet = this.sheets.get(keyOf(contract, actor));
    for (const field of sheet.fields) field.settle();
    for (const told of sheet.blocks.flatMap((block) => [...block.querySelectorAll(".told")])) fill(told);
    this.refuse("");
    this.foresee();
  }

  /** A contact with its code: asked for, read, put in. */
  provable(field, proof, fields) {
    const own = fields.filter(({ name }) => proof.companions.includes(name));
    const told = element("p", { class: "told", role: "status" });
    const ask = element("button", { type: "button", class: "quiet" }, "Send code");
    ask.addEventListener("click", () => this.ask(field, proof, told).catch((fault) => unanswered(fault, field)));
    // What is told is told of one address.
    field.control.addEventListener("input", () => (told.hidden = field.typed !== told.dataset.address));
    field.row.append(ask);
    const blocks = own.map(({ block }) => block);
    field.block.append(told, element("details", { class: "proof" }, element("summary", {}, "Proof"), blocks));
    return field.block;
  }

  async ask(field, proof, told) {
    this.refuse("");
    this.calls.say("");
    const address = field.typed;
    const earlier = told.dataset.address === address ? [...told.childNodes] : [];
    Object.assign(told.dataset, { address });
    told.hidden = false;
    fill(told, "Sending a code …");
    let exchange;
    try {
      exchange = await proof.send(this.credentials, address);
    } finally {
      fill(told, earlier);
    }
    this.calls.sent(exchange);
    if (!isDone(exchange)) {
      return field.refuse(waiting(exchange, refusal(exchange, []).text));
    }
    const sent = await code(address);
    if (!sent) return fill(told, "The contract did what it was asked, but no code is in the outbox.");
    const use = element("button", { type: "button" }, "Use code");
    use.addEventListener("click", () => this.use(field, proof, sent, told).catch((fault) => unanswered(fault, field)));
    fill(told, "Code ", element("strong", { class: "code" }, sent), " arrived. ", use);
    use.focus();
  }

  async use(field, proof, sent, told) {
    const { fields } = this;
    const { exchange, values } = await proof.use(this.credentials, sent);
    if (exchange) this.calls.sent(exchange);
    if (this.fields !== fields) return;
    if (!values) return field.refuse(refusal(exchange, []).text);
    for (const [name, value] of values) this.field(name).type(value);
    fill(told, element("span", { class: "filled" }, "The code is filled in. Save now."));
    this.foresee();
    this.button.focus();
  }

  field(name) {
    return this.fields.find((field) => field.name === name);
  }

  /**
   * What would be sent: what was changed, what the contract always wants, and a contact beside its proof.
   *
   * @throws {SyntaxError} naming the field, when something is no JSON
   */
  body() {
    const isProved = (name) => this.proofs.get(name)?.companions.some((name) => this.field(name).typed);
    const wanted = this.fields.filter(({ name, isChanged }) => isChanged || this.required.has(name) || isProved(name));
    const member = (field) => {
      try {
        return [field.name, field.value];
      } catch {
        field.refuse("This is not JSON.");
        throw new SyntaxError(`${field.name} is not JSON`);
      }
    };
    return Object.fromEntries(wanted.map(member));
  }

  /** Shows what would be sent. */
  foresee() {
    const { method, path } = this.contract.request(this.contract.edit, this.credentials, { actor: this.actor });
    let body;
    try {
      body = JSON.stringify(this.contract.addressed(this.credentials.user, this.actor, this.body()));
    } catch (fault) {
      body = fault.message;
    }
    fill(this.preview, element("b", {}, `${method} ${path}`), ` ${body}`);
  }

  async submit() {
    if (this.isSending) return;
    this.refuse("");
    const { contract, actor, credentials, fields: sent } = this;
    let body;
    try {
      body = this.body();
    } catch (fault) {
      return this.refuse(fault.message);
    }
    this.busy(true);
    let exchange;
    try {
      exchange = await this.calls.change({ contract, actor, credentials, body });
    } catch (fault) {
      if (!(fault instanceof NoAnswer)) throw fault;
      return this.refuse(`${fault.message} What you typed is still here.`);
    } finally {
      this.busy(false);
    }
    if (!exchange || isDone(exchange)) return;
    const { text, fields } = refusal(exchange, sent.map(({ name }) => name), Object.keys(body));
    const see = `see ${[...fields.keys()].join(", ")}.`;
    // A validator's lines are in the answer, below; once is enough.
    this.calls.say(`${contract.name} refused: ${fields.size > 1 ? see : [...fields.values()][0] ?? text}`);
    if (this.fields !== sent) return;
    this.refuse(fields.size ? `Refused: ${see}` : text);
    for (const filled of this.fieldset.querySelectorAll(".filled")) filled.remove();
    for (const [name, fault] of fields) {
      this.field(name)?.refuse(fault);
      this.field(name)?.block.closest("details")?.setAttribute("open", "");
    }
    (this.fields.find(({ name }) => fields.has(name))?.control ?? this.button).focus();
  }

  /** Shows whether a change is under way. */
  busy(isSending) {
    this.isSending = isSending;
    this.button.setAttribute("aria-busy", String(isSending));
    fill(this.button, isSending ? "Saving …" : "Save");
  }

  /** Says what is wrong with the whole; `""`: nothing, and nothing with any field. */
  refuse(fault) {
    if (!fault) this.fields.forEach((field) => field.refuse(""));
    fill(this.fault, fault);
    this.fault.hidden = !fault;
  }
}

/** What the fields of a contract are kept under. To some contracts everybody is the same actor. */
const keyOf = (contract, actor) => `${contract.id} ${contract.actor(actor)}`;

/** Says at a field that the stack does not answer. */
function unanswered(fault, field) {
  if (!(fault instanceof NoAnswer)) throw fault;
  field.refuse(fault.message);
}

/** A refusal, with how long it holds where the contract says so. */
function waiting({ response }, text) {
  const after = response.headers.find(([name]) => name === "retry-after")?.[1];
  return after ? `${withFullStop(text)} Try again in ${after} seconds.` : text;
}
