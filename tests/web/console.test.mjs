// The page of the console at /_local/: who is shown, what it does while the stack is away, and for whom it can be used.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Stack } from "#stack";
import { open, violations } from "./browser.mjs";
import { browser, consoleOf, says, stack } from "./console.mjs";

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
