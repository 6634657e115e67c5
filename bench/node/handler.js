// `PATCH /userinfo` on API Gateway's payload format 2.0.
import { readFileSync } from "node:fs";
import { errors, jwtVerify } from "jose";
import { NoSuchUser, update, warmUp } from "./profiles.js";
import { ATTRIBUTES, Body, UNSUPPORTED, claims } from "./userinfo.js";

const { ISSUER: issuer, AUDIENCE: audience, SECRET_FILE } = process.env;
const hmac = { name: "HMAC", hash: "SHA-256" };
const key = await crypto.subtle.importKey("raw", readFileSync(SECRET_FILE), hmac, false, ["verify"]);
await warmUp();

/** An answer that is not a success. */
class Refusal extends Error {
  constructor(answer) {
    super();
    this.answer = answer;
  }
}

export async function handler(event) {
  try {
    const user = await subject(event.headers?.authorization);
    const attributes = changes(event);
    const item = await update(user, attributes);
    const headers = { "content-type": "application/json" };
    return { statusCode: 200, headers, body: JSON.stringify(claims(user, item)) };
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    if (error instanceof NoSuchUser) return oauthError(404, "user_not_found");
    // The message of an SDK's error may quote the request, so only its kind is logged.
    console.error(JSON.stringify({ error: error.name }));
    return error.$metadata || error.name === "TimeoutError"
      ? oauthError(503, "temporarily_unavailable")
      : oauthError(500, "server_error");
  }
}

/** The user that the token stands for. */
async function subject(authorization) {
  const token = /^Bearer +(\S+)$/i.exec(authorization?.trim() ?? "")?.[1];
  if (!token) throw new Refusal(challenge(400, "invalid_request", "Bearer token not found in the request"));
  let payload;
  try {
    ({ payload } = await jwtVerify(token, key, {
      issuer,
      audience,
      algorithms: ["HS256"],
      requiredClaims: ["exp", "sub"],
      clockTolerance: 60,
    }));
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new Refusal(challenge(401, "invalid_token", "Error decoding JWT"));
    throw error;
  }
  const { sub, scope, client_id, azp } = payload;
  if (!/^[A-Za-z0-9][A-Za-z0-9._:|-]{0,127}$/.test(sub))
    throw new Refusal(challenge(401, "invalid_token", "Error decoding JWT"));
  const scopes = typeof scope === "string" ? scope.split(" ") : [];
  if (!scopes.includes("openid") || (client_id ?? azp) === sub)
    throw new Refusal(
      challenge(403, "insufficient_scope", "The request requires higher privileges than provided by the access token."),
    );
  return sub;
}

/** The attributes that the body changes. */
function changes(event) {
  const refuse = (error, description) => {
    throw new Refusal(oauthError(400, error, description));
  };
  if (!/^application\/json *(;|$)/i.test(event.headers?.["content-type"] ?? ""))
    refuse("invalid_request", "Malformed request body.");
  let members;
  try {
    members = JSON.parse(event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body);
  } catch {
    refuse("invalid_request", "Malformed request body.");
  }
  if (members === null || typeof members !== "object" || Array.isArray(members))
    refuse("invalid_request", "Malformed request body.");
  const { success, data, error } = Body.safeParse(members);
  if (!success) {
    const unrecognized = error.issues.filter(({ code }) => code === "unrecognized_keys").flatMap(({ keys }) => keys);
    if (unrecognized.some((name) => !UNSUPPORTED.has(name))) refuse("invalid_request", "Unknown attribute(s) found.");
    if (unrecognized.length) refuse("invalid_request", "Unsupported user attribute(s) found.");
    refuse("illegal_parameter_value");
  }
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [ATTRIBUTES[name], value]));
}

/** RFC 6749, section 5.2. */
function oauthError(statusCode, error, error_description) {
  const headers = { "content-type": "application/json;charset=UTF-8" };
  return { statusCode, headers, body: JSON.stringify({ error, error_description }) };
}

/** RFC 6750, section 3. */
function challenge(statusCode, error, description) {
  const uri = "https://tools.ietf.org/html/rfc6750#section-3.1";
  const value = `Bearer error="${error}", error_description="${description}", error_uri="${uri}"`;
  return { statusCode, headers: { "www-authenticate": value } };
}
