// The vendor's own SDK against the stack: the calls that the stack implements, as the SDK makes them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Stack } from "#stack";
import sdk from "@cloudbase/oauth";

let stack;
before(async () => {
  stack = await Stack.start();
});
after(() => stack?.stop());

/** What a browser would keep in its local storage. */
class Storage {
  #items = new Map();
  getItemSync = (key) => this.#items.get(key) ?? null;
  setItemSync = (key, value) => void this.#items.set(key, value);
  removeItemSync = (key) => void this.#items.delete(key);
  getItem = async (key) => this.getItemSync(key);
  setItem = async (key, value) => this.setItemSync(key, value);
  removeItem = async (key) => this.removeItemSync(key);
}

/**
 * The SDK, logged in with a token. Signing in is no part of the stack: whoever issues the tokens does that.
 *
 * @param {string} token
 * @param {object} [options] of the SDK
 */
async function loggedIn(token, options = { headers: { "Content-Type": "application/json" } }) {
  const storage = new Storage();
  const { oauth2client, authApi } = new sdk.CloudbaseOAuth({
    apiOrigin: stack.url,
    clientId: "demo",
    storage,
    ...options,
  });
  await oauth2client.setCredentials({ token_type: "Bearer", access_token: token, refresh_token: "none", expires_in: 3600 });
  const isKept = () => storage.getItemSync("credentials_demo") !== null;
  return { oauth2client, auth: authApi, isKept };
}

/** The members of an error that tell what is wrong. */
const refusal = (error, description) => (refused) => {
  assert.deepEqual([refused.error, refused.error_description], [error, description]);
  return true;
};

test("a user changes themselves and reads it back", async () => {
  const { auth } = await loggedIn((await stack.credentials("hanna")).token);
  assert.deepEqual(await auth.updateUserBasicInfo({ nickname: "Hanna", username: "hanna", gender: "FEMALE" }), {});
  const user = await auth.getUserInfo();
  const { uid, sub, name, username, gender } = user;
  assert.deepEqual([uid, sub, name, username, gender], ["hanna", "hanna", "Hanna", "hanna", "FEMALE"]);
});

test("a phone is proved by a code", async () => {
  const { auth, oauth2client } = await loggedIn((await stack.credentials("ivar")).token);
  const phone = "+86 13700137000";
  const unproved = refusal("failed_precondition", "Phone number modification requires verification");
  await assert.rejects(auth.updateUserBasicInfo({ phone }), unproved);

  // The SDK writes the calling code itself.
  const { verification_id } = await auth.getVerification({ phone_number: "13700137000" });
  const body = { verification_id, verification_code: await stack.code("+8613700137000") };
  const verify = (body) => oauth2client.request("/v1/verification/verify", { method: "POST", body, withCredentials: true });
  const wrong = { ...body, verification_code: body.verification_code === "000000" ? "000001" : "000000" };
  await assert.rejects(verify(wrong), refusal("invalid_verification_code", "Verification is invalid or expired"));
  const { verification_token } = await verify(body);
  await auth.updateUserBasicInfo({ phone, verification_token });
  assert.equal((await auth.getUserInfo()).phone_number, phone);
});

test("the caller sees what was refused, and stays logged in", async () => {
  const { auth, isKept } = await loggedIn((await stack.credentials("jon")).token);
  await assert.rejects(auth.getUserInfo(), refusal("user_not_found", "User not found"));
  await assert.rejects(auth.updateUserBasicInfo({ nickname: "J" }), refusal("invalid_argument", "Invalid nickname"));
  await assert.rejects(
    auth.updateUserBasicInfo({ user_id: "hanna", nickname: "Not Hanna" }),
    refusal("permission_denied", "Administrator privileges are required to modify other users"),
  );
  await assert.rejects(
    auth.updateUserBasicInfo({ username: "HANNA" }),
    refusal("username_already_exists", "Username already exists"),
  );
  assert.ok(isKept());
});

test("a dead token ends the login", async () => {
  const { token } = await stack.credentials("kim");
  const { auth, isKept } = await loggedIn(`${token.slice(0, -4)}AAAA`);
  assert.ok(isKept());
  await assert.rejects(
    auth.updateUserBasicInfo({ nickname: "Kim" }),
    refusal("unauthenticated", "The access token is missing, invalid or expired"),
  );
  assert.ok(!isKept());
});

// What the SDK does otherwise than the contract wants it.

test("the SDK by itself calls its JSON text", async () => {
  const { auth } = await loggedIn((await stack.credentials("lea")).token, {});
  const refused = refusal("invalid_argument", "Content-Type must be application/json");
  await assert.rejects(auth.updateUserBasicInfo({ nickname: "Lea" }), refused);
});

test("the SDK's verify() shows no token", async () => {
  const { auth, isKept } = await loggedIn((await stack.credentials("mia")).token);
  const { verification_id } = await auth.getVerification({ email: "mia@example.com" });
  const verification_code = await stack.code("mia@example.com");
  const refused = refusal("unauthenticated", "The access token is missing, invalid or expired");
  await assert.rejects(auth.verify({ verification_id, verification_code }), refused);
  assert.ok(isKept());
});

test("an expired login cannot be renewed here", async () => {
  const { oauth2client, auth } = await loggedIn((await stack.credentials("nia")).token);
  const refused = refusal("unauthenticated", "The access token is missing, invalid or expired");
  await oauth2client.setCredentials({ token_type: "Bearer", access_token: "old", refresh_token: "none", expires_in: 1 });
  // It asks /auth/v1/token, which is not there, takes the answer for a token, and shows that.
  await assert.rejects(auth.getUserInfo(), refused);
});
