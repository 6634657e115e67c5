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

/** The console, open at a user. */
async function consoleOf(user, options) {
  const { page, faults } = await open(browser, stack, options);
  await page.goto(`/_local/#${encodeURIComponent(user)}`);
  await page.getByRole("heading", { name: `Profile of ${user}` }).waitFor();
  await page.getByRole("button", { name: "Save" }).waitFor();
  await page.locator("#change .field").first().waitFor();
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
    /** Nothing that it should not have done. */
    async close() {
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
  for (const name of ["room", "account"]) await says(other.fault(name), "failed on the 'required' tag");
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
