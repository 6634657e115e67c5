// The console at /_local/: what a person does there, and what is seen of it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Stack } from "#stack";
import { launch, open, violations } from "./browser.mjs";

let stack;
let browser;

before(async () => {
  [stack, browser] = await Promise.all([Stack.start(), launch()]);
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

/**
 * The console, open at a user.
 *
 * @param {string} user
 * @param {object} [options] of the browser's context
 * @param {Stack} [at] of which stack
 */
async function consoleOf(user, options, at = stack) {
  const { page, faults } = await open(browser, at, options);
  await page.goto(`/_local/#${encodeURIComponent(user)}`);
  await page.getByRole("heading", { name: `Profile of ${user}` }).waitFor();
  await page.getByRole("button", { name: "Save" }).waitFor();
  await page.locator("#change:not([inert]) .field").first().waitFor();
  return {
    page,
    /** Chooses the contract to edit through. */
    through: (contract) => page.getByRole("button", { name: `Edit through ${contract}` }).click(),
    field: (name) => page.getByLabel(name, { exact: true }),
    save: () => page.getByRole("button", { name: "Save" }).click(),
    /** What stands at the field, should the contract have refused it. */
    fault: (name) => page.locator(`#change [data-name="${name}"] > .fault`),
    cell: (contract, attribute) => page.locator(`#comparison td[data-contract="${contract}"][data-attribute="${attribute}"]`),
    effects: page.locator("#effects"),
    exchange: page.locator("#exchanges > details").first(),
    /** Nothing that it should not have done. Where there was no answer, the browser reports that. */
    async close({ errors = /^$/ } = {}) {
      faults.errors = faults.errors.filter((error) => !errors.test(error));
      assert.deepEqual(faults, { foreign: [], errors: [] });
      await page.context().close();
    },
  };
}

/** Waits until an element says something. */
const says = (locator, text) => locator.filter({ hasText: text }).first().waitFor();

/** Has a code sent to a contact, and puts it in. */
async function prove({ page, field }, name, address) {
  await field(name).fill(address);
  await page.locator(`#change [data-name="${name}"]`).getByRole("button", { name: "Send code" }).click();
  await page.getByRole("button", { name: "Use code" }).click();
  await page.getByText("The code is filled in.").waitFor();
}

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

test("while the stack is away nothing is lost, and the page goes on when it is back", async (t) => {
  let other = await Stack.start();
  t.after(() => other.stop());
  const seen = await consoleOf("1001", {}, other);
  await other.stop();
  await says(seen.page.getByRole("alert"), "The stack does not answer.");
  await seen.field("nickname").fill("Gus");
  await seen.save();
  await says(seen.page.locator("#change .foot .fault"), "The stack does not answer. What you typed is still here.");
  await seen.field("phone_number").fill("13800138004");
  await seen.page.locator('#change [data-name="phone_number"]').getByRole("button", { name: "Send code" }).click();
  await says(seen.fault("phone_number"), "The stack does not answer.");

  other = await Stack.start(Number(new URL(other.url).port));
  await seen.page.getByRole("alert").waitFor({ state: "hidden" });
  await seen.page.locator("#change .foot .fault").waitFor({ state: "hidden" });
  assert.equal(await seen.field("nickname").inputValue(), "Gus");
  await seen.field("phone_number").fill("");
  await seen.save();
  await says(seen.effects, "AuthMS nickname: Demo → Gus");
  // What the new stack tells is read from its beginning.
  await says(seen.page.locator("#activity li"), "PATCH /userinfo 200");
  await says(seen.page.locator("#activity li"), "Profile Updated: user 1001, version 2");
  await seen.close({ errors: /net::ERR_/ });
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

test("what happened is told once, though it is read twice", async () => {
  const seen = await consoleOf("twice");
  await seen.field("nickname").fill("Twice");
  await seen.save();
  const lines = seen.page.locator("#activity li.event").filter({ hasText: "user twice" });
  await lines.first().waitFor();
  let isBroken = false;
  let isRead;
  const readAgain = new Promise((read) => (isRead = read));
  await seen.page.route("**/_local/events?*", async (route) => {
    if (!isBroken) {
      isBroken = true;
      return route.abort();
    }
    await route.continue();
    if (route.request().url().includes("after=0")) isRead();
  });
  // Ends the question that waits for something new.
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ source: "test", "detail-type": "Test", detail: {} });
  assert.ok((await fetch(`${stack.url}/_local/events`, { method: "POST", headers, body })).ok);
  await readAgain;
  await fetch(`${stack.url}/_local/events`, { method: "POST", headers, body: body.replace('"Test"', '"Test again"') });
  await says(seen.page.locator("#activity li.event"), "Test again");
  assert.equal(await lines.count(), 1);
  await seen.close({ errors: /net::ERR_/ });
});

test("the console's own reads are nothing that happens", async (t) => {
  // One of which no other console has read.
  const other = await Stack.start();
  t.after(() => other.stop());
  const seen = await consoleOf("looking", {}, other);
  // The row of a request is there before its answer.
  await seen.page.evaluate(() => {
    globalThis.told = new Set();
    const list = document.querySelector("#activity");
    const note = () => list.querySelectorAll(".request").forEach((item) => globalThis.told.add(item.innerText));
    new MutationObserver(note).observe(list, { childList: true });
  });
  const rows = (text) => seen.page.waitForResponse(async (response) =>
    response.url().includes("/_local/requests") && (await response.text()).includes(text));
  await seen.page.route("**/userinfo", async (route) => {
    if (route.request().method() !== "GET") return route.continue();
    const told = rows('"GET /userinfo"');
    const response = await route.fetch();
    await told;
    await route.fulfill({ response });
  });
  await seen.field("nickname").fill("Looking");
  await seen.save();
  await says(seen.effects, "AuthMS nickname: nothing → Looking");
  await says(seen.page.locator("#activity li"), "PATCH /userinfo 200");
  const told = await seen.page.evaluate(() => [...globalThis.told]);
  assert.deepEqual(told.filter((line) => line.includes("GET /userinfo")), []);
  await seen.close();
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

test("an administrator creates somebody, and ids of any kind are opened", async () => {
  const seen = await consoleOf("made:by|admin");
  await seen.page.getByText("Administrator").click();
  await seen.through("AuthMS");
  await seen.field("nickname").fill("Made");
  await seen.save();
  await says(seen.effects, "CIAM nickname: nothing → Made");
  assert.match(await seen.exchange.innerText(), /If-None-Match: \*/);
  await says(seen.page.locator('th[data-contract="system-user"]'), "its ids are numbers");

  await seen.page.getByLabel("User", { exact: true }).fill("no id");
  await seen.page.getByRole("button", { name: "Open" }).click();
  await says(seen.page.getByRole("alert"), "can be nobody's id");
  await seen.close();
});

test("the way to the form leads to no other user", async () => {
  const seen = await consoleOf("skipping");
  const address = seen.page.url();
  const skip = seen.page.getByRole("button", { name: "Skip to the form" });
  await skip.focus();
  await seen.page.keyboard.press("Enter");
  assert.equal(await seen.page.evaluate(() => document.activeElement.id), "change-title");
  assert.equal(seen.page.url(), address);
  await seen.close();
});

test("what can be nobody's id changes neither the address nor the page", async () => {
  const seen = await consoleOf("staying");
  const address = seen.page.url();
  const id = seen.page.getByLabel("User", { exact: true });
  await id.fill("no id");
  await seen.page.getByRole("button", { name: "Open" }).click();
  await says(seen.page.getByRole("alert"), "“no id” can be nobody's id.");
  assert.deepEqual([seen.page.url(), await id.inputValue()], [address, "staying"]);
  await seen.page.getByRole("heading", { name: "Profile of staying" }).waitFor();
  await seen.close();

  const { page, faults } = await open(browser, stack);
  await page.goto("/_local/#no%20id");
  await says(page.getByRole("alert"), "“no id” can be nobody's id.");
  assert.equal(await page.getByRole("button", { name: "Save" }).isVisible(), false);
  assert.equal(await page.getByLabel("User", { exact: true }).inputValue(), "no id");
  assert.deepEqual(faults, { foreign: [], errors: [] });
  await page.context().close();
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

for (const [width, height] of [[1366, 768], [1440, 900]]) {
  test(`all of it is in sight, ${width} by ${height}`, async () => {
    const user = `${"u".repeat(120)}${width}`;
    const seen = await consoleOf(user, { viewport: { width, height } });
    const isSeen = (locator) => locator.evaluate((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return element.contains(document.elementFromPoint(left + width / 2, top + height / 2));
    });
    assert.ok(await isSeen(seen.page.getByRole("button", { name: "Save" })));
    assert.ok(await isSeen(seen.field("phone_number")));
    await seen.field("zoneinfo").fill("Europe/Oslo");
    await seen.save();
    await says(seen.effects, "Saved through CIAM.");
    await seen.page.locator("#comparison tr:has([data-changed])").first().waitFor();
    assert.ok(await isSeen(seen.cell("ciam", "timezone")));
    const overflow = await seen.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0);
    await seen.close();
  });
}

test("markup in values is text", async () => {
  const seen = await consoleOf("markup");
  const markup = '<img src="x" onerror="document.title=1"><b>bold</b>';
  await seen.field("nickname").fill(markup);
  await seen.save();
  await says(seen.effects, `AuthMS nickname: nothing → ${markup}`);
  await says(seen.cell("cloudbase", "nickname"), markup);
  assert.equal(await seen.page.locator("main img, main b:text('bold')").count(), 0);
  assert.match(await seen.page.title(), /^markup/);
  await seen.page.goto("/_local/#" + encodeURIComponent(markup));
  await says(seen.page.getByRole("alert"), markup);
  await seen.close();
});

test("the keyboard is enough", async () => {
  const seen = await consoleOf("1001");
  const { keyboard } = seen.page;
  /** Goes on until an element has the focus; it must be visible where it is. */
  const tabTo = async (locator) => {
    for (let at = 0; at < 200; at += 1) {
      await keyboard.press("Tab");
      if (await locator.evaluate((element) => element === document.activeElement)) {
        const outline = await locator.evaluate((element) => getComputedStyle(element).outlineStyle);
        assert.equal(outline, "solid");
        return;
      }
    }
    assert.fail("it cannot be reached");
  };
  await tabTo(seen.page.getByRole("button", { name: "Edit through AuthMS" }));
  await keyboard.press("Enter");
  await tabTo(seen.field("first_name"));
  await keyboard.type("Ada");
  await tabTo(seen.page.getByRole("button", { name: "Save" }));
  await keyboard.press("Space");
  await says(seen.effects, "AuthMS first_name: nothing → Ada");
  await seen.page.getByRole("button", { name: "Save" }).waitFor();
  assert.equal(await seen.page.evaluate(() => document.activeElement.textContent), "Save");
  await seen.close();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1440, 390]) {
    test(`accessible: ${colorScheme}, ${width} pixels wide`, async () => {
      const seen = await consoleOf("1001", { colorScheme, viewport: { width, height: 900 } });
      assert.deepEqual(await violations(seen.page), []);
      for (const contract of ["AuthMS", "CIAM", "WTS", "CloudBase", "System user"]) {
        await seen.page.getByRole("group", { name: "Contract" }).getByText(contract).click();
        await says(seen.page.locator("#through"), contract);
        assert.deepEqual(await violations(seen.page), [], contract);
      }
      await seen.page.getByRole("group", { name: "Contract" }).getByText("AuthMS").click();
      await seen.field("nickname").fill(`${colorScheme} ${width}`);
      await seen.field("country").fill("XX");
      await seen.save();
      await says(seen.fault("country"), "must be");
      await seen.field("country").fill("");
      await seen.save();
      await says(seen.effects, "Saved through AuthMS");
      assert.deepEqual(await violations(seen.page), []);
      const overflow = await seen.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} pixels wider than the window`);
      await seen.close();
    });
  }
}
