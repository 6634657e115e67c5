// The console at /_local/ as tests use it: opened at a user, and what stands where.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { Stack } from "#stack";
import { launch, open } from "./browser.mjs";

/** The stack and the browser of a test file. */
export let stack;
export let browser;

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
export async function consoleOf(user, options, at = stack) {
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
export const says = (locator, text) => locator.filter({ hasText: text }).first().waitFor();

/** Has a code sent to a contact, and puts it in. */
export async function prove({ page, field }, name, address) {
  await field(name).fill(address);
  await page.locator(`#change [data-name="${name}"]`).getByRole("button", { name: "Send code" }).click();
  await page.getByRole("button", { name: "Use code" }).click();
  await page.getByText("The code is filled in.").waitFor();
}
