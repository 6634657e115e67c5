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
 * @param {string[]} [sent] those of them that were sent: nothing is wrong with another one
 * @returns {{text: string, fields: Map<string, string>}}
 */
export function refusal(exchange, names, sent = names) {
  const { text, fields } = told(exchange, names);
  const own = new Map([...fields].filter(([name]) => sent.includes(name)));
  // It names none that was sent. If there is but one, it is that one.
  if (own.size === 0 && sent.length === 1 && isOfTheBody(exchange)) own.set(sent[0], text);
  return { text, fields: own };
}

/** Whether it is what was sent that a contract refuses, and not who sent it, or when. */
const isOfTheBody = ({ response: { status } }) => [200, 400, 422].includes(status);

function told(exchange, names) {
  const body = answer(exchange) ?? {};
  if (Array.isArray(body.errors)) {
    const fields = body.errors.map(({ field, description }) => [field.split(/[.[]/)[0], `${field} ${description}`]);
    return { text: body.detail, fields: new Map(fields.reverse()) };
  }
  const said = [body.error ?? body.title, body.error_description ?? body.detail, body.msg, body.message].filter(Boolean);
  const text = said.join(": ") || challenge(exchange);
  const fields = new Map();
  for (const line of text.split("\n")) {
    const own = named(line, names);
    // What one sentence says of all of them is said of none.
    if (own.length < names.length) own.forEach((name) => fields.set(name, ruled(line)));
  }
  return { text, fields };
}

/** Of a validator's line what it says: `Key: 'Change.Room' Error:Field validation for 'Room' failed on the 'required' tag`. */
const ruled = (line) => line.replace(/^.*\bError:Field validation for '\w+' failed/, "Failed");

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
