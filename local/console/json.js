/** JSON as it came over the wire: indented, but not a character of a value changed. */

import { element } from "./element.js";

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|([{}[\],])|([^\s{}[\],":]+)|\s+/g;

/**
 * A text of JSON, indented by two spaces; a text that is none as it stands. Numbers keep their digits and members their
 * order, which they would not through `JSON.parse`.
 *
 * @param {string} text
 * @returns {string}
 */
export function indented(text) {
  return tokens(text)?.map(({ text }) => text).join("") ?? text;
}

/**
 * The same, with names and values told apart by class.
 *
 * @param {string} text
 * @returns {HTMLElement}
 */
export function pretty(text) {
  const parts = tokens(text) ?? [{ kind: "", text }];
  return element("code", {}, parts.map(({ kind, text }) => (kind ? element("span", { class: kind }, text) : text)));
}

/** Kinds and texts in order; `undefined` where it is no JSON. */
function tokens(text) {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const parts = [];
  let depth = 0;
  let isEmpty = false;
  const line = () => parts.push({ kind: "", text: `\n${"  ".repeat(depth)}` });
  for (const [token, string, colon, mark, word] of text.matchAll(TOKEN)) {
    const closes = mark === "}" || mark === "]";
    if (closes) depth -= 1;
    if (isEmpty ? (mark || string || word) && !closes : closes) line();
    if (mark || string || word) isEmpty = false;
    if (string) parts.push({ kind: colon ? "name" : "string", text: string });
    if (colon) parts.push({ kind: "", text: ": " });
    if (word) parts.push({ kind: "word", text: token });
    if (mark) parts.push({ kind: "", text: mark });
    if (mark === ",") line();
    if (mark === "{" || mark === "[") {
      depth += 1;
      isEmpty = true;
    }
  }
  return parts;
}
