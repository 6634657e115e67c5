// What a `PATCH /userinfo` may say.
import * as z from "zod";

const LINE = /^[^\0-\x1f\x7f-\x9f\u2028\u2029]+$/;

/** One line of 1 to `max` characters without control characters, in NFC. */
const text = (max) => z.string().normalize().regex(LINE).refine((line) => [...line].length <= max);

const zone = z
  .string()
  .regex(/^[A-Z]/)
  .refine((name) => succeeds(() => new Intl.DateTimeFormat("en", { timeZone: name })));

/** A BCP 47 tag in its conventional letter case. */
const tag = z
  .string()
  .max(128)
  .refine((raw) => succeeds(() => new Intl.Locale(raw)), { abort: true })
  .transform((raw) => Intl.getCanonicalLocales(raw)[0]);

/** The body; `null` clears. */
export const Body = z.strictObject({
  name: text(128).nullish(),
  nickname: text(64).nullish(),
  zoneinfo: zone.nullish(),
  locale: tag.nullish(),
});

/** Members of the contract that this function does not change. */
export const UNSUPPORTED = new Set([
  "sub", "updated_at", "authenticationMethod", "email", "email_otp_token", "email_otp", "email_verified",
  "phone_number", "phone_number_otp_token", "phone_number_otp", "phone_number_verified",
]);

/** The attribute of the profile item that a member is kept as. */
export const ATTRIBUTES = { name: "name", nickname: "nickname", zoneinfo: "timezone", locale: "language" };

/** What the answer shows of a profile item. */
export function claims(sub, item) {
  const text = (name) => item[name]?.S;
  // JSON.stringify leaves out what is undefined.
  return {
    sub,
    email: text("email"),
    phone_number: text("phone")?.replace(/^\+86/, ""),
    name: text("name"),
    nickname: text("nickname"),
    zoneinfo: text("timezone"),
    locale: text("language"),
    updated_at: Math.floor(Number(item.updated_at.N) / 1000),
    email_verified: item.email && (item.email_verified?.BOOL ?? false),
    phone_number_verified: item.phone && (item.phone_verified?.BOOL ?? false),
  };
}

function succeeds(attempt) {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
