/** JSON Schema, as far as an OpenAPI document of this service speaks it. */

/**
 * @typedef {Object<string, any>} Schema
 */

/**
 * A schema with what it refers to in its place.
 *
 * @param {Schema} root the document
 * @param {Schema} schema
 * @returns {Schema}
 */
export function resolve(root, schema = {}) {
  const { $ref, allOf = [], ...own } = schema;
  const referred = $ref ? [target(root, $ref)] : [];
  const parts = [...[...referred, ...allOf].map((part) => resolve(root, part)), own];
  const merged = Object.assign({}, ...parts);
  // A part may say more of some members, and nothing of the others.
  if (merged.properties) merged.properties = Object.assign({}, ...parts.map(({ properties }) => properties));
  return merged;
}

/** What a JSON Pointer in a fragment leads to. */
function target(root, reference) {
  const names = reference.replace(/^#\//, "").split("/");
  return names.reduce((at, name) => at[name.replaceAll("~1", "/").replaceAll("~0", "~")], root);
}

/**
 * @typedef {object} Shown
 * @property {string} attribute canonical name
 * @property {string} name as the contract has it
 * @property {unknown} value `undefined` where it is not there
 */

/**
 * The attributes of the profile that a value of this schema shows.
 *
 * @param {Schema} root the document
 * @param {Schema} schema
 * @param {any} value
 * @param {string} [name]
 * @returns {Shown[]}
 */
export function shown(root, schema, value, name = "") {
  const { "x-attribute": attribute, properties } = resolve(root, schema);
  if (attribute) return [{ attribute, name, value }];
  const members = Object.entries(properties ?? {});
  return members.flatMap(([member, schema]) => shown(root, schema, value?.[member], member));
}

/** The types that a schema allows. */
export const types = ({ type = [] }) => [type].flat();

/**
 * What a schema asks of a text, in a few words.
 *
 * @param {Schema} schema
 * @returns {string}
 */
export function bounds({ format, minLength, maxLength, examples = [] }) {
  const length = minLength > 1 ? `${minLength} to ${maxLength}` : `up to ${maxLength}`;
  const [example] = examples;
  const isShort = typeof example === "string" && example.length < 32 && format !== "password";
  return [isShort && `e.g. ${example}`, maxLength < 1_000 && length].filter(Boolean).join(" · ");
}
