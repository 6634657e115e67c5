/** What a contract says of a change that it refused, and of which fields it says it. */

import { answer } from "./wire.js";

/**
 * Whether a contract did what it was asked. One of them says so in the body alone.
 *
 * @param {import("./wire.js").Exchange} exchange
 */
export function isDone(exchange) {
  const { status } = exchange.response;
  return status >= 200 && status < 300 && answer(exchange)?.success !== false;
}

/**
 * The refusal as a text, and what it says of single fields.
 *
 * @param {import("./wire.js").Exchange} exchange
 * @param {string[]} names of the fields
 * @returns {{text: string, fields: Map<string, string>}}
 */
export function refusal(exchange, names) {
  const body = answer(exchange) ?? {};
  if (Array.isArray(body.errors)) {
    const fields = body.errors.map(({ field, description }) => [field.split(/[.[]/)[0], `${field} ${description}`]);
    return { text: body.detail, fields: new Map(fields.reverse()) };
  }
  const said = [body.error ?? body.title, body.error_description ?? body.detail, body.msg, body.message].filter(Boolean);
  const text = said.join(": ") || challenge(exchange);
  const fields = new Map();
  for (const line of text.split("\n")) {
    for (const name of named(line, names)) fields.set(name, line);
  }
  // What is said of all of them is said of none.
  return { text, fields: fields.size === names.length ? new Map() : fields };
}

/** The fields that a sentence names, as identifiers or in words. Of `phone` and `phone_otp` the longer one counts. */
function named(sentence, names) {
  const words = (text) => text.replaceAll("_", " ").toLowerCase();
  let left = words(sentence);
  return [...names].sort((one, other) => other.length - one.length).filter((name) => {
    const mention = new RegExp(`(?<![a-z])${words(name)}(?![a-z])`, "g");
    const isNamed = mention.test(left);
    left = left.replace(mention, "");
    return isNamed;
  });
}

/** A refusal without a body says why in a header. */
function challenge({ response }) {
  const header = response.headers.find(([name]) => name === "www-authenticate");
  return [response.status, header?.[1]].filter(Boolean).join(" ");
}
