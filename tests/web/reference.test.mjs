// The reference page, of the running stack and as files.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { launch, open, violations } from "./browser.mjs";
import { COMMAND, Stack } from "#stack";

/** Names of the documents, as the page offers them. */
const TITLES = ["AuthMS profiles", "CIAM userinfo", "WTS profiles", "CloudBase users", "System user"];

const NO_FAULTS = { foreign: [], errors: [] };

let stack;
let browser;
before(async () => {
  stack = await Stack.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

/**
 * Chooses each document in turn, and says what is shown then.
 *
 * @param {import("playwright-core").Page} page
 */
async function shown(page) {
  const headings = [];
  let chosen = TITLES[0];
  for (const title of TITLES) {
    await page.getByRole("button", { name: chosen, exact: true }).click();
    await page.getByRole("option", { name: title, exact: true }).click();
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    headings.push(...(await page.getByRole("heading", { level: 1 }).allInnerTexts()));
    chosen = title;
  }
  return headings;
}

/**
 * Tries an operation as the page has filled it in.
 *
 * @param {string} operation as the page's address has it: document, "tag", tag, method, path
 * @returns the headers that were sent, the body that came back, and the status that the page shows
 */
async function tried(operation) {
  const { page, faults } = await open(browser, stack);
  const [, , , method, ...path] = operation.split("/");
  await page.goto(`/docs#${operation}`);
  const name = `Test Request (${method.toLowerCase()} /${path.join("/")})`;
  await page.getByRole("button", { name }).click();
  const client = page.getByRole("dialog");
  const [response] = await Promise.all([
    page.waitForResponse((response) => !/\/(docs|openapi|_local)\b/.test(new URL(response.url()).pathname)),
    client.getByRole("button", { name: /^Send \w+ request to/ }).click(),
  ]);
  const body = await response.json();
  const status = await client.getByRole("link", { name: /^\d{3} / }).innerText();
  assert.deepEqual(faults, NO_FAULTS);
  await page.context().close();
  return { sent: response.request().headers(), body, status };
}

test("every document can be chosen, and no other host is asked", async () => {
  const { page, faults } = await open(browser, stack);
  await page.goto("/docs");
  assert.deepEqual(await shown(page), TITLES);
  assert.deepEqual(faults, NO_FAULTS);
  // What Scalar draws is Scalar's.
  assert.deepEqual(await violations(page, { exclude: ["#reference", "#headlessui-portal-root", "[data-sonner-toaster]"] }), []);
});

for (const path of ["/_local/credentials", "/openapi/index.json", "/openapi/wts.json"]) {
  test(`without ${path} the page says so`, async () => {
    const { page } = await open(browser, stack);
    await page.route((url) => url.pathname === path, (route) => route.fulfill({ status: 503, json: {} }));
    await page.goto("/docs");
    const alert = page.getByRole("alert").filter({ hasText: "The reference cannot be shown." });
    assert.ok((await alert.innerText()).includes(path.slice(1)));
    await page.context().close();
  });
}

for (const operation of [
  "authms/tag/profile/GET/profiles/{user_id}",
  "authms/tag/profile/PUT/profiles/{user_id}",
  "ciam/tag/userinfo/GET/userinfo",
  "ciam/tag/userinfo/PATCH/userinfo",
  "ciam/tag/one-time-codes/POST/otp/send",
  "wts/tag/profile/GET/api/v3/view_profile",
  "wts/tag/profile/POST/api/v3/change_profile",
  "cloudbase/tag/user/GET/auth/v1/user/me",
  "cloudbase/tag/user/POST/auth/v1/user/basic/edit",
  "system-user/tag/users/POST/api/v1/system/user/{id}/update",
]) {
  test(`${operation} works as it is filled in`, async () => {
    const { sent, status } = await tried(operation);
    assert.equal(status, "200 OK");
    assert.deepEqual(Object.keys(sent).filter((name) => /^(if-|idempotency|x-)/.test(name)), []);
  });
}

test("a refusal is shown", async () => {
  const { status, body } = await tried("cloudbase/tag/verification/POST/auth/v1/verification/verify");
  assert.equal(status, "400 Bad Request");
  assert.equal(body.error, "invalid_verification_code");
});

test("the same as files, in any directory of any host", async (t) => {
  const out = await mkdtemp(join(tmpdir(), "profile-reference-"));
  t.after(() => rm(out, { recursive: true }));
  await promisify(execFile)(COMMAND, ["docs", "--out", out, "--server", "https://api.example.com"]);
  const media = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json" };
  const missed = [];
  const server = createServer(async ({ url }, response) => {
    const name = url.startsWith("/team/api/") && url.slice("/team/api/".length);
    const file = join(out, name || "index.html");
    try {
      if (name === false) throw new Error("outside");
      response.writeHead(200, { "content-type": media[extname(file)] }).end(await readFile(file));
    } catch {
      missed.push(url);
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { page, faults } = await open(browser, { url: `http://127.0.0.1:${server.address().port}` });
  await page.goto("/team/api/");
  assert.deepEqual(await shown(page), TITLES);
  await page.getByText("https://api.example.com").first().waitFor();
  assert.deepEqual([faults, missed], [NO_FAULTS, []]);
});
