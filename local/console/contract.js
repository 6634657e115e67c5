/** The five contracts: what their documents say, and what the console must know beside that. */

import { valueOf } from "./profile.js";
import { refusal } from "./refusal.js";
import { resolve, shown, types } from "./schema.js";
import { answer, ask, look, send } from "./wire.js";

/**
 * @typedef {object} Credentials as `/_local/credentials` gives them
 * @property {string} user
 * @property {string} token
 * @property {string} wts_token
 * @property {string} admin_token
 * @property {string} wts_admin_token
 * @property {string} api_key
 * @property {string} client
 */

/**
 * What no document says.
 *
 * `actors` are who can change a profile there, `empty` what clears a member, `read` the operation that shows a profile.
 */
const KINDS = [
  { id: "authms", name: "AuthMS", edit: "putProfile", read: "getProfile", empty: null, actors: ["user", "admin"] },
  { id: "ciam", name: "CIAM", edit: "patchUserinfo", read: "getUserinfo", empty: null, actors: ["user"] },
  { id: "wts", name: "WTS", edit: "changeProfile", read: "viewProfile", empty: "", actors: ["user", "admin"] },
  { id: "cloudbase", name: "CloudBase", edit: "editUserBasic", read: "getUserMe", empty: "", actors: ["user", "admin"] },
  { id: "system-user", name: "System user", edit: "updateUser", read: null, empty: "", actors: ["machine"] },
];

/** Ids and names, for those who need no document. */
export const NAMES = new Map(KINDS.map(({ id, name }) => [id, name]));

/** Reads the five documents. */
export const readContracts = () => Promise.all(KINDS.map(async (kind) => new Contract(kind, await document(kind.id))));

async function document(id) {
  const { response, text } = await ask(`/openapi/${id}.json`);
  if (!response.ok) throw new Error(`/openapi/${id}.json answers ${response.status}.`);
  return JSON.parse(text);
}

/** One contract. */
export class Contract {
  constructor(kind, document) {
    Object.assign(this, kind);
    this.document = document;
  }

  /**
   * An operation of the document.
   *
   * @param {string} id
   * @returns {{method: string, path: string, parameters: object[], request: object, response: object}} resolved
   */
  operation(id) {
    for (const [path, item] of Object.entries(this.document.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        if (operation.operationId !== id) continue;
        const body = (part) => this.resolve(Object.values(part?.content ?? {})[0]?.schema);
        const request = body(resolve(this.document, operation.requestBody));
        const response = body(resolve(this.document, operation.responses["200"]));
        const parameters = [item, operation].flatMap(({ parameters = [] }) => parameters);
        return {
          method: method.toUpperCase(),
          path,
          parameters: parameters.map((parameter) => this.resolve(parameter)),
          request,
          response,
        };
      }
    }
    throw new Error(`the document of ${this.name} has no operation ${id}`);
  }

  resolve(schema) {
    return resolve(this.document, schema);
  }

  /** The members of a change, resolved: name and schema. */
  members() {
    const { properties = {} } = this.operation(this.edit).request;
    return Object.entries(properties).map(([name, schema]) => [name, this.resolve(schema)]);
  }

  /** The canonical attributes that a change can name, with the contract's own names. */
  writable() {
    const named = this.members().filter(([, schema]) => schema["x-attribute"]);
    return new Map(named.map(([name, schema]) => [schema["x-attribute"], name]));
  }

  /** The canonical attributes that the contract speaks of, each with the name that it shows it under, or takes. */
  known() {
    const read = this.read ? shown(this.document, this.operation(this.read).response, undefined) : [];
    return new Map([...this.writable(), ...read.map(({ attribute, name }) => [attribute, name])]);
  }

  /** Who changes the profile when the console acts as `actor`, as the contract knows them. */
  actor(actor) {
    return this.actors.includes(actor) ? actor : this.actors[0];
  }

  credential(credentials, actor) {
    const { token, admin_token, wts_token, wts_admin_token, api_key } = credentials;
    const kinds = { user: token, admin: admin_token, machine: api_key };
    const own = { user: wts_token, admin: wts_admin_token };
    return `Bearer ${(this.id === "wts" ? own : kinds)[this.actor(actor)]}`;
  }

  /**
   * A request of this contract.
   *
   * @param {string} id operation
   * @param {Credentials} credentials
   * @param {{actor?: string, authorization?: string, body?: object}} what
   */
  request(id, credentials, { actor = "user", authorization, body }) {
    const { method, path } = this.operation(id);
    const headers = [["Authorization", authorization ?? this.credential(credentials, actor)]];
    if (body) headers.push(["Content-Type", "application/json"]);
    // Every parameter of these paths is the user.
    const target = path.replace(/\{[^}]+\}/g, encodeURIComponent(credentials.user));
    return { contract: this.id, method, path: target, headers, body: body && JSON.stringify(body) };
  }

  /**
   * Sends a change.
   *
   * @param {Credentials} credentials
   * @param {string} actor
   * @param {object} body
   * @param {boolean} creates whether there is no profile yet
   */
  change(credentials, actor, body, creates) {
    const addressed = this.addressed(credentials.user, actor, body);
    const request = this.request(this.edit, credentials, { actor, body: addressed });
    // Where an administrator creates somebody, it must say so.
    const condition = this.operation(this.edit).parameters.find(({ name }) => name === "If-None-Match");
    if (creates && condition && this.actor(actor) === "admin") request.headers.push([condition.name, "*"]);
    return send(request);
  }

  /** A change with the user in it, where the contract wants to read there whose profile it is. */
  addressed(user, actor, body) {
    const { required = [] } = this.operation(this.edit).request;
    const name = this.writable().get("user_id");
    const isNamed = name && (required.includes(name) || this.actor(actor) === "admin");
    return isNamed ? { [name]: user, ...body } : body;
  }

  /**
   * What the contract shows the user of its own profile.
   *
   * @param {Credentials} credentials
   * @param {Object<string, unknown> | null} profile by canonical names, for a contract that shows nothing
   * @returns {Promise<{shown: Map<string, {name: string, value: unknown}>, note: string}>} with a note where it is not
   *   what the contract answered
   */
  async view(credentials, profile) {
    if (!this.takes(credentials.user)) return { shown: new Map(), note: "knows no such id: its ids are numbers" };
    if (!this.read) return { shown: this.held(profile ?? {}), note: "shows nothing; what its members hold" };
    const exchange = await look(this.request(this.read, credentials, {}));
    const { status } = exchange.response;
    if (status !== 200) return { shown: new Map(), note: `${status} ${refusal(exchange, []).text}` };
    const members = shown(this.document, this.operation(this.read).response, answer(exchange));
    return { shown: new Map(members.map(({ attribute, ...member }) => [attribute, member])), note: "" };
  }

  /** Whether a user can have this id there. */
  takes(user) {
    const isNumber = this.operation(this.edit).parameters.some(({ schema = {} }) => types(schema).includes("integer"));
    return !isNumber || /^[1-9][0-9]{0,18}$/.test(user);
  }

  /** What the members of a change would have to be for the profile to become what it is. */
  held(profile) {
    const value = (attribute) => {
      const value = valueOf(profile, attribute);
      return attribute === "phone" && typeof value === "string" ? value.replace(/^\+86/, "") : value;
    };
    return new Map([...this.writable()].map(([attribute, name]) => [attribute, { name, value: value(attribute) }]));
  }
}
