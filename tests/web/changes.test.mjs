// What a person changes in the console at /_local/, and what is seen of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { consoleOf, prove, says, stack } from "./console.mjs";

test("a change through CIAM shows in the others, on the wire and in what happens", async () => {
  const seen = await consoleOf("1001");
  await seen.field("nickname").fill("Gus");
  await seen.field("zoneinfo").fill("Europe/Oslo");
  await seen.save();
  await says(seen.effects, "Saved through CIAM. What it changed:");
  for (const change of ["AuthMS nickname: Demo → Gus", "AuthMS timezone: nothing → Europe/Oslo", "CloudBase nickname: Demo → Gus"]) {
    await says(seen.effects.getByRole("listitem"), change);
  }
  const cell = seen.cell("authms", "nickname");
  assert.equal(await cell.getAttribute("data-changed"), "");
  assert.match(await cell.innerText(), /Gus\s+was Demo/);
  assert.doesNotMatch(await seen.cell("wts", "phone").innerText(), /was/);

  const exchange = await seen.exchange.innerText();
  for (const part of ["PATCH /userinfo", '"nickname": "Gus"', "HTTP/1.1 200", '"zoneinfo": "Europe/Oslo"']) {
    assert.ok(exchange.includes(part), part);
  }
  const { token } = await stack.credentials("1001");
  assert.ok(!(await seen.page.locator("body").innerText()).includes(token), "the whole token is shown");
  await says(seen.exchange.locator(".cost"), /\d+ ms · 1 DynamoDB call · 1 write unit$/);
  await says(seen.page.locator("#activity li"), /Profile Updated: user 1001, version 2/);
  await says(seen.page.locator("#activity li"), "PATCH /userinfo 200");
  assert.equal(await seen.page.locator("#activity li").filter({ hasText: "GET /userinfo" }).count(), 0);
  await seen.close();
});

test("a phone changes with a code from the outbox, through CIAM and through CloudBase", async () => {
  const seen = await consoleOf("codes");
  await prove(seen, "phone_number", "13800138001");
  await seen.save();
  await says(seen.effects, "CloudBase phone: nothing → +86 13800138001");
  await says(seen.page.locator("#activity .letter"), await stack.code("+8613800138001"));
  await says(seen.page.locator("#comparison .proved"), "verified");

  await seen.through("CloudBase");
  await prove(seen, "phone", "+86 13800138002");
  assert.match(await seen.exchange.innerText(), /POST \/auth\/v1\/verification\/verify/);
  await seen.save();
  await says(seen.effects, "CIAM phone: 13800138001 → 13800138002");
  await says(seen.page.locator("#comparison .proved"), "verified");
  await seen.close();
});

test("a phone is taken once, and each contract says so in its own words, at the field", async () => {
  const owner = await consoleOf("1002");
  await owner.field("nickname").fill("Owner");
  await owner.save();
  await says(owner.effects, "Saved through CIAM.");
  await owner.through("System user");
  await owner.field("phone").fill("13800138003");
  await owner.save();
  await says(owner.effects, "WTS phone: nothing → 13800138003");
  await owner.close();

  const other = await consoleOf("1003");
  await prove(other, "phone_number", "13800138003");
  await other.save();
  await says(other.fault("phone_number"), "duplicate_phone_number");
  assert.equal(await other.field("phone_number").getAttribute("aria-invalid"), "true");

  await other.field("phone_number").fill("1");
  await other.save();
  await says(other.fault("phone_number"), "malformed_phone_number");

  await other.through("AuthMS");
  await other.field("nickname").fill("Other");
  await other.field("country").fill("XX");
  await other.save();
  await says(other.fault("country"), "must be an ISO 3166-1 alpha-2 code");
  await other.field("country").fill("");
  await other.save();
  await says(other.effects, "Saved through AuthMS.");

  await other.through("WTS");
  for (const [name, value] of [["block", "15"], ["isp", "telecom"]]) await other.field(name).selectOption(value);
  await other.field("phone").fill("13800138003");
  await other.save();
  for (const name of ["room", "account"]) await says(other.fault(name), "Failed on the 'required' tag");
  await other.field("room").fill("202");
  await other.field("account").fill("9");
  await other.save();
  await says(other.fault("phone"), "phone number has been used");

  await other.through("System user");
  await other.field("phone").fill("13800138003");
  await other.save();
  await says(other.fault("phone"), "Phone number is already in use.");
  assert.match(await other.exchange.innerText(), /"code": "4000"/);

  // An administrator need not prove a contact there.
  await other.page.getByText("Administrator").click();
  await other.through("CloudBase");
  await other.field("phone").fill("+86 13800138003");
  await other.save();
  await says(other.fault("phone"), "Phone number already exists");
  await other.close();
});

test("only what was changed is sent, and what is emptied is cleared", async () => {
  const seen = await consoleOf("partly");
  await seen.through("AuthMS");
  await seen.field("city").fill("Lyon");
  await seen.field("custom_fields").fill('{"a": 1, "b": {"c": true}}');
  const preview = seen.page.locator("#change .preview");
  assert.equal(await preview.innerText(), 'PUT /profiles/partly {"city":"Lyon","custom_fields":{"a":1,"b":{"c":true}}}');
  await seen.save();
  await says(seen.effects, "AuthMS city: nothing → Lyon");
  assert.equal(await preview.innerText(), "PUT /profiles/partly {}");
  await seen.field("city").fill("");
  await seen.field("custom_fields").fill('{"b": {"c": false}}');
  assert.equal(await preview.innerText(), 'PUT /profiles/partly {"city":null,"custom_fields":{"a":null,"b":{"c":false}}}');
  await seen.save();
  await says(seen.effects, "AuthMS city: Lyon → nothing");
  assert.match(await seen.page.locator("#exchanges").innerText(), /"city": null/);
  await seen.field("custom_fields").fill("{");
  await seen.save();
  await says(seen.fault("custom_fields"), "This is not JSON.");
  await seen.close();
});

test("what cannot be cleared is there again", async () => {
  const seen = await consoleOf("1001");
  await seen.through("System user");
  await says(seen.page.locator("#as"), "an emptied field is as absent");
  const stored = await seen.field("nickName").inputValue();
  assert.notEqual(stored, "");
  await seen.field("nickName").fill("");
  await seen.field("userName").fill("uncleared");
  await seen.save();
  await says(seen.effects, "CloudBase username: nothing → uncleared");
  assert.equal(await seen.field("nickName").inputValue(), stored);
  await seen.close();
});

test("what a contract has no word for, it does not show", async () => {
  const seen = await consoleOf("worded");
  await seen.through("AuthMS");
  await seen.field("gender").fill("non-binary");
  await seen.field("custom_fields").fill('{"department": "Sales"}');
  await seen.save();
  await says(seen.cell("authms", "gender"), "non-binary");
  for (const [contract, attribute] of [["cloudbase", "gender"], ["ciam", "custom_fields.department"]]) {
    await says(seen.cell(contract, attribute), "not shown");
  }
  assert.match(await seen.cell("ciam", "phone").innerText(), /–/);
  await seen.close();
});

test("what others change is seen without being asked for", async () => {
  const seen = await consoleOf("watched");
  const { token } = await stack.credentials("watched");
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const put = await fetch(`${stack.url}/profiles/watched`, { method: "PUT", headers, body: '{"nickname":"Elsewhere"}' });
  assert.equal(put.status, 200);
  await says(seen.effects, "Changed by AuthMS. What it changed:");
  await says(seen.cell("cloudbase", "nickname"), "Elsewhere");
  assert.equal(await seen.field("nickname").inputValue(), "Elsewhere");
  await says(seen.page.locator("#activity li"), "PUT /profiles/{user_id} 200");
  await seen.close();
});

test("what was typed for one user is never saved for another", async () => {
  const seen = await consoleOf("typed:one");
  await seen.field("nickname").fill("One");
  let answer;
  const isAsked = new Promise((asked) => {
    seen.page.route("**/_local/credentials?user=typed%3Atwo", (route) => {
      answer = () => route.continue();
      asked();
    });
  });
  await seen.page.getByLabel("User", { exact: true }).fill("typed:two");
  await seen.page.getByRole("button", { name: "Open" }).click();
  await isAsked;
  // The form of the one is there still. Nobody can reach it, and it is of no use.
  await seen.page.locator("#change[inert]").waitFor();
  await seen.page.evaluate(() => document.querySelector("#change").requestSubmit());
  answer();
  await says(seen.effects, "Not saved: the change was for typed:one.");
  await seen.page.getByRole("heading", { name: "Profile of typed:two" }).waitFor();
  await seen.page.locator("#change:not([inert])").waitFor();
  for (const user of ["typed:one", "typed:two"]) {
    const { status } = await fetch(`${stack.url}/_local/users?id=${encodeURIComponent(user)}`);
    assert.equal(status, 404, user);
  }
  await seen.close();
});

test("what is saved looks saved, even if it cannot be read", async () => {
  const seen = await consoleOf("unread");
  const broken = (route) => route.abort();
  await seen.field("nickname").fill("Unread");
  await seen.page.route("**/_local/users?id=*", broken);
  await seen.save();
  await says(seen.effects, "Saved through CIAM.");
  await says(seen.page.getByRole("alert"), "The stack does not answer.");
  assert.equal(await seen.page.locator("#change .preview").innerText(), "PATCH /userinfo {}");
  await seen.page.unroute("**/_local/users?id=*", broken);
  await says(seen.effects, "AuthMS nickname: nothing → Unread");
  await seen.page.getByRole("alert").waitFor({ state: "hidden" });
  await seen.close({ errors: /net::ERR_/ });
});

test("a code is offered to the address that it went to", async () => {
  const { client } = await stack.credentials("longer");
  const headers = { authorization: `Basic ${client}`, "content-type": "application/json" };
  const body = JSON.stringify({ usage: "update_userinfo", email: "jimbob@example.com" });
  assert.equal((await fetch(`${stack.url}/otp/send`, { method: "POST", headers, body })).status, 200);
  const seen = await consoleOf("shorter");
  const send = seen.page.locator('#change [data-name="email"]').getByRole("button", { name: "Send code" });
  await seen.page.route("**/otp/send", (route) => route.fulfill({ status: 200, json: { otp_token: "none" } }));
  await seen.field("email").fill("bob@example.com");
  await send.click();
  await seen.page.getByText("no code is in the outbox").waitFor();
  await seen.page.unroute("**/otp/send");
  await send.click();
  await seen.page.getByRole("button", { name: "Use code" }).waitFor();
  const offered = await seen.page.locator('#change [data-name="email"] .told .code').innerText();
  assert.equal(offered, await stack.code("bob@example.com"));
  await seen.close();
});

test("a second code that is refused leaves the first one good", async () => {
  const seen = await consoleOf("impatient");
  const send = seen.page.locator('#change [data-name="phone_number"]').getByRole("button", { name: "Send code" });
  const use = seen.page.getByRole("button", { name: "Use code" });
  await seen.field("phone_number").fill("13800138005");
  await send.click();
  await use.waitFor();
  await send.click();
  await says(seen.fault("phone_number"), /\. Try again in \d+ seconds\./);
  await seen.field("phone_number").fill("13800138006");
  await use.waitFor({ state: "hidden" });
  await seen.field("phone_number").fill("13800138005");
  await use.click();
  await seen.page.getByText("The code is filled in.").waitFor();
  await seen.save();
  await says(seen.effects, "CloudBase phone: nothing → +86 13800138005");
  await seen.close();
});

test("a refusal stands at what was sent, and goes with it", async () => {
  const seen = await consoleOf("1004");
  await seen.field("phone_number").fill("13800138007");
  await seen.save();
  await says(seen.fault("phone_number"), "must be sent together");
  assert.equal(await seen.field("email").getAttribute("aria-invalid"), "false");
  await seen.field("phone_number").fill("");
  await seen.page.locator("#change .fault:visible").waitFor({ state: "hidden" });
  await seen.field("zoneinfo").fill("Nowhere");
  await seen.save();
  await says(seen.fault("zoneinfo"), "illegal_parameter_value");
  await seen.field("zoneinfo").fill("");
  await seen.field("nickname").fill("Sent");
  await seen.save();
  await says(seen.effects, "Saved through CIAM.");
  await seen.field("name").fill("Kept");

  await seen.through("WTS");
  await seen.save();
  for (const name of ["phone", "block", "room", "isp", "account"]) await says(seen.fault(name), "Failed on the 'required' tag");
  assert.doesNotMatch(await seen.effects.innerText(), /Key:/);
  await seen.through("CIAM");
  assert.equal(await seen.field("name").inputValue(), "Kept");
  await seen.close();
});

test("a password is not seen, and nothing shows that it changed", async () => {
  const seen = await consoleOf("1001");
  await seen.through("System user");
  assert.equal(await seen.page.locator("#change textarea").count(), 0);
  assert.equal(await seen.field("password").getAttribute("type"), "password");
  await seen.field("password").fill("a horse, a battery");
  let go;
  await seen.page.route("**/update", (route) => (go = () => route.continue()));
  await seen.save();
  await says(seen.page.locator("#change [aria-busy=true]"), "Saving …");
  go();
  await says(seen.effects, "No answer shows anything of password. Nothing that is shown is different.");
  assert.equal(await seen.field("password").inputValue(), "");
  await seen.close();
});

test("what is stored and not shown is there to be changed", async () => {
  const seen = await consoleOf("unshown");
  await seen.through("AuthMS");
  await seen.field("custom_fields").fill('{"department": "Sales"}');
  await seen.save();
  await says(seen.effects, "Saved through AuthMS. What it changed:");
  await seen.through("CIAM");
  assert.equal(await seen.field("department").inputValue(), "Sales");
  await says(seen.page.locator('#change [data-name="department"]'), "Not shown by this contract; stored: Sales");
  assert.equal(await seen.page.locator("#change .preview").innerText(), "PATCH /userinfo {}");
  await seen.close();
});
