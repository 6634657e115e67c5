/** The one profile, by canonical names. */

import { ask } from "./wire.js";

/** The order in which attributes are shown: what belongs together stands together. */
const GROUPS = {
  Names: ["username", "nickname", "name", "first_name", "last_name"],
  Contacts: ["phone", "email"],
  About: ["gender", "birthdate", "bio", "avatar_url", "website"],
  Place: ["address", "city", "country", "language", "timezone"],
  Campus: ["block", "room", "isp", "account"],
  Other: ["role", "custom_fields", "social_links"],
};

/** What a profile has beside its attributes: no contract changes it by itself. */
export const OWN = ["user_id", "version", "created_at", "updated_at", "phone_verified", "email_verified"];

/** Attributes that are shown although they have no value: those that are somebody's alone, and the first to try. */
const ALWAYS = ["username", "nickname", "phone", "email"];

/**
 * The attributes that there are, in order.
 *
 * @param {Iterable<string>} known what the contracts speak of
 * @returns {string[]}
 */
export function attributes(known) {
  const all = new Set([...Object.values(GROUPS).flat(), ...known]);
  return [...all].filter((name) => !OWN.includes(name)).sort((one, other) => place(one) - place(other));
}

/** The place of an attribute in the order: of a member of one, beside it; of what is none, the last. */
export function place(attribute = "") {
  const order = Object.values(GROUPS).flat();
  const at = order.indexOf(attribute.split(".")[0]);
  return at < 0 ? order.length : at;
}

/**
 * The value of an attribute, or of a member of one: `custom_fields.department`.
 *
 * @param {Object<string, any>} profile
 * @param {string} attribute
 * @returns {unknown}
 */
export const valueOf = (profile, attribute) => attribute.split(".").reduce((value, name) => value?.[name], profile);

/**
 * Whether there is something to see of an attribute.
 *
 * @param {string} attribute
 * @param {Object<string, unknown>} profile
 * @returns {boolean}
 */
export const isShown = (attribute, profile) => ALWAYS.includes(attribute) || valueOf(profile, attribute) !== undefined;

/**
 * Whether a contact is proved to be the user's; `undefined` for what is no contact or not set.
 *
 * @param {string} attribute
 * @param {Object<string, unknown>} profile
 * @returns {boolean | undefined}
 */
export const isVerified = (attribute, profile) =>
  attribute in profile ? /** @type {boolean | undefined} */ (profile[`${attribute}_verified`]) : undefined;

/**
 * The user's profile; `null` when there is none.
 *
 * @param {string} user
 * @returns {Promise<{profile: Object<string, any> | null, message: string}>}
 */
export async function readProfile(user) {
  const { response, text } = await ask(`/_local/users?id=${encodeURIComponent(user)}`);
  const body = JSON.parse(text);
  if (response.ok) return { profile: body, message: "" };
  if (response.status === 404) return { profile: null, message: body.message };
  throw new Error(body.message);
}

/** A value as a text: a string as it is, anything else as JSON, nothing as nothing. */
export const text = (value) =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
