/** One-time codes: how two of the contracts let a user prove that a phone or an e-mail address is their own. */

import { answer, ask, send } from "./wire.js";

const KINDS = {
  // An application has the code sent; token and code go with the change.
  ciam: { send: "sendOtp", asks: "application", used: (sent, code) => [sent.otp_token, code] },
  // The user has the code sent, and takes it for a proof, which goes with the change.
  cloudbase: { send: "sendVerification", verify: "verifyCode", used: ({ verification_token }) => [verification_token] },
};

/**
 * The proofs that a contract takes, by the names of the contacts' members.
 *
 * @param {import("./contract.js").Contract} contract
 * @returns {Map<string, Proof>}
 */
export function proofs(contract) {
  const kind = KINDS[contract.id];
  const names = contract.members().map(([name]) => name);
  const contacts = contract.members().filter(([, schema]) => ["phone", "email"].includes(schema["x-attribute"]));
  const proof = (name, attribute) => new Proof(contract, kind, name, attribute, names);
  return new Map((kind ? contacts : []).map(([name, schema]) => [name, proof(name, schema["x-attribute"])]));
}

/** The way from an address to a proof of it. */
class Proof {
  constructor(contract, kind, contact, attribute, names) {
    Object.assign(this, { contract, kind, contact, attribute });
    /** Members that prove the contact, in the order of the schema. */
    this.companions = names.filter((name) => name.startsWith(`${contact}_`));
  }

  /**
   * Has a code sent.
   *
   * @param {import("./contract.js").Credentials} credentials
   * @param {string} address
   * @returns {Promise<import("./wire.js").Exchange>}
   */
  async send(credentials, address) {
    const request = this.contract.operation(this.kind.send).request;
    // An address of either kind may be a request of its own.
    const kinds = request.anyOf ?? request.oneOf ?? [request];
    const resolved = ([name, schema]) => [name, this.contract.resolve(schema)];
    const members = kinds.map((kind) => Object.entries(this.contract.resolve(kind).properties).map(resolved));
    const isTo = ([, schema]) => schema["x-attribute"] === this.attribute;
    const own = members.find((members) => members.some(isTo));
    const fixed = own.filter(([, schema]) => schema.const !== undefined).map(([name, schema]) => [name, schema.const]);
    const body = { ...Object.fromEntries(fixed), [own.find(isTo)[0]]: address };
    const authorization = this.kind.asks === "application" ? `Basic ${credentials.client}` : undefined;
    const exchange = await send(this.contract.request(this.kind.send, credentials, { authorization, body }));
    // One that is refused leaves the code good that was sent before it.
    if (exchange.response.status === 200) this.sent = answer(exchange);
    return exchange;
  }

  /**
   * Makes a proof of a code.
   *
   * @param {import("./contract.js").Credentials} credentials
   * @param {string} code
   * @returns {Promise<{exchange?: import("./wire.js").Exchange, values?: [string, string][]}>} members that prove the
   *   contact, with their values; none where the code was refused
   */
  async use(credentials, code) {
    let [proof, exchange] = [this.sent, undefined];
    if (this.kind.verify) {
      const body = { verification_id: this.sent.verification_id, verification_code: code };
      exchange = await send(this.contract.request(this.kind.verify, credentials, { body }));
      if (exchange.response.status !== 200) return { exchange };
      proof = answer(exchange);
    }
    const values = this.kind.used(proof, code);
    return { exchange, values: this.companions.map((name, at) => [name, values[at]]) };
  }
}

/**
 * The code that went to an address last, as the outbox has it.
 *
 * @param {string} address as a contract writes it
 * @returns {Promise<string | undefined>}
 */
export async function code(address) {
  const { response, text } = await ask(`/_local/outbox?to=${encodeURIComponent(delivered(address))}`);
  return response.ok ? JSON.parse(text).find(({ code }) => code)?.code : undefined;
}

/** An address as the outbox has it: of a number E.164, which contracts write without its country, too, or with a space. */
function delivered(address) {
  const bare = address.replace(/\s/g, "");
  return bare.includes("@") || bare.startsWith("+") ? bare : `+86${bare}`;
}
