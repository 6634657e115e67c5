// Chromium, and what every page of ours must be: complete without other hosts, free of errors, accessible.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * A headless Chromium.
 *
 * @returns {Promise<import("playwright-core").Browser>}
 */
export async function launch() {
  const program = process.env.CHROMIUM ?? PROGRAMS.find(existsSync);
  if (!program) throw new Error("no Chromium: install Debian's package chromium, or name the program in CHROMIUM");
  return chromium.launch({ executablePath: program });
}

/**
 * What no page of ours may have.
 *
 * @typedef {object} Faults
 * @property {string[]} foreign URLs of other hosts that it asked for
 * @property {string[]} errors exceptions, and what the browser reports, such as what a Content-Security-Policy forbids
 */

/**
 * A new page, to go to paths of this stack, and its faults so far.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {import("#stack").Stack} stack
 * @param {import("playwright-core").BrowserContextOptions} [options]
 * @returns {Promise<{page: import("playwright-core").Page, faults: Faults}>}
 */
export async function open(browser, stack, options = {}) {
  const usual = { baseURL: stack.url, viewport: { width: 1440, height: 1000 }, reducedMotion: "reduce" };
  const context = await browser.newContext({ ...usual, ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  /** @type {Faults} */
  const faults = { foreign: [], errors: [] };
  context.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== stack.url) faults.foreign.push(request.url());
  });
  page.on("pageerror", (error) => faults.errors.push(error.message));
  page.on("console", (message) => {
    // A call that a contract refuses is no fault of the page.
    const refused = message.text().startsWith("Failed to load resource: the server responded with a status of");
    if (message.type() === "error" && !refused) faults.errors.push(message.text());
  });
  return { page, faults };
}

/**
 * What axe finds, by the rules of WCAG 2.2 A and AA and its own good practices.
 *
 * @param {import("playwright-core").Page} page
 * @param {string | object} [context] axe's own: a CSS selector of what is looked at, or what to leave out
 * @returns {Promise<string[]>} one line a finding: rule, element
 */
export async function violations(page, context = ":root") {
  const axe = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
  // Not as a script element: the page's own policy forbids that.
  await page.evaluate(axe);
  const found = await page.evaluate((context) => globalThis.axe.run(context, { resultTypes: ["violations"] }), context);
  return found.violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id} (${help}): ${html}`));
}
