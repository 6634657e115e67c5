// Draws docs/images anew: `npm run screenshots`, while nothing else is on port 3000.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launch, open } from "./browser.mjs";
import { ROOT, Stack } from "#stack";

const IMAGES = join(ROOT, "docs/images");

/**
 * A phone is proved and changed through CIAM, and what that did is seen.
 *
 * @param {import("playwright-core").Page} page
 */
async function changePhone(page) {
  const number = page.getByLabel("phone_number", { exact: true });
  await page.getByRole("button", { name: "Save" }).waitFor();
  await number.fill("13800138000");
  await page.locator('#change [data-name="phone_number"]').getByRole("button", { name: "Send code" }).click();
  await page.getByRole("button", { name: "Use code" }).click();
  await page.getByText("The code is filled in.").waitFor();
  await page.getByLabel("nickname", { exact: true }).fill("Gus");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#effects").getByText("Saved through CIAM").waitFor();
  await page.locator("#activity li").filter({ hasText: "Profile Contact Changed: user 1001" }).first().waitFor();
  await page.evaluate(() => scrollTo(0, 0));
}

/**
 * An operation is looked at.
 *
 * @param {import("playwright-core").Page} page
 */
async function read(page) {
  await page.getByRole("button", { name: "Test Request (patch /userinfo)" }).waitFor();
}

await mkdir(IMAGES, { recursive: true });
const browser = await launch();
for (const [name, path, act, colorScheme, height] of [
  ["console", "/_local/#1001", changePhone, "light", 1290],
  ["console-dark", "/_local/#1001", changePhone, "dark", 1290],
  ["reference", "/docs#ciam/tag/userinfo/PATCH/userinfo", read, "light", 900],
]) {
  // Each of a stack of its own, so that none shows what was done for another.
  const stack = await Stack.start(3000);
  const { page } = await open(browser, stack, { colorScheme, viewport: { width: 1440, height } });
  await page.goto(path);
  await act(page);
  await page.screenshot({ path: join(IMAGES, `${name}.png`), animations: "disabled", caret: "hide" });
  await page.context().close();
  await stack.stop();
}
await browser.close();
