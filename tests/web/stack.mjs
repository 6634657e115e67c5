// The local stack as `cargo run` makes it, one for each test file, on a port and in a directory of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The repository. */
export const ROOT = resolve(import.meta.dirname, "../..");

/** The command `cargo run`. */
const { CARGO_TARGET_DIR = join(ROOT, "target"), CARGO_BUILD_TARGET = "" } = process.env;
export const COMMAND = join(CARGO_TARGET_DIR, CARGO_BUILD_TARGET, "debug/local");

/**
 * What shows a user to each contract, as `/_local/credentials` gives it.
 *
 * @typedef {object} Credentials
 * @property {string} user
 * @property {string} token the user's own, for AuthMS, CIAM and CloudBase
 * @property {string} wts_token the user's own, for WTS
 * @property {string} admin_token an administrator's, for AuthMS and CloudBase
 * @property {string} wts_admin_token an administrator's, for WTS
 * @property {string} api_key for System user
 * @property {string} client what an application of CIAM shows after `Basic`
 */

/** A running stack. */
export class Stack {
  #child;
  #data;

  /**
   * @param {import("node:child_process").ChildProcess} child
   * @param {string} data directory
   * @param {string} url base URL, no slash at its end
   */
  constructor(child, data, url) {
    this.#child = child;
    this.#data = data;
    this.url = url;
  }

  /**
   * Starts a stack that keeps nothing, and waits until it is ready.
   *
   * @param {number} [port] any free one, unless it is given
   * @returns {Promise<Stack>}
   */
  static async start(port = 0) {
    const data = await mkdtemp(join(tmpdir(), "profile-stack-"));
    const child = spawn(COMMAND, ["--port", String(port), "--memory", "--data", data], { stdio: ["ignore", "pipe", "pipe"] });
    // A test that breaks off must leave nothing running.
    process.once("exit", () => child.kill("SIGKILL"));
    let printed = "";
    const url = await new Promise((ready, failed) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text) => {
          printed += text;
          const line = printed.match(/^ready (\S+)$/m);
          if (line) ready(line[1]);
        });
      }
      child.once("error", (error) => failed(new Error(`${error.message}; cargo build --bin local makes it`)));
      child.once("exit", (code, signal) => failed(new Error(`the stack ended (${code ?? signal}):\n${printed}`)));
    });
    return new Stack(child, data, url);
  }

  /** Ends it and, as the kernel sees to, all that it started. Nothing that it would finish first is of use here. */
  async stop() {
    if (this.#child.signalCode) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
    await rm(this.#data, { recursive: true });
  }

  /**
   * @param {string} user need not be there yet
   * @returns {Promise<Credentials>}
   */
  async credentials(user) {
    const response = await fetch(`${this.url}/_local/credentials?user=${encodeURIComponent(user)}`);
    if (!response.ok) throw new Error(`/_local/credentials answered ${response.status}`);
    return response.json();
  }

  /**
   * The one-time code that went to an address last.
   *
   * @param {string} address E.164, or an e-mail address
   * @returns {Promise<string>}
   */
  async code(address) {
    const response = await fetch(`${this.url}/_local/outbox?to=${encodeURIComponent(address)}`);
    const letter = (await response.json()).find((letter) => letter.code);
    if (!letter) throw new Error(`no code went to ${address}`);
    return letter.code;
  }
}
