/** What the stack writes down as it goes: read as it comes, as long as somebody looks. */

import { ask, NoAnswer } from "./wire.js";

/** How long one question waits for something new, in seconds. */
const WAIT = 20;

/** After a failure, how long until the next question, in milliseconds. */
const PAUSE = 2_000;

/** A list of the stack's that only grows, read from its beginning on. */
export class Log {
  /**
   * @param {string} path that takes `after` and `wait`
   * @param {(entries: object[]) => void} take called with what is new, oldest first; at first with all that is there
   * @param {(fault: NoAnswer) => void} lost called when the stack does not answer
   */
  constructor(path, take, lost) {
    Object.assign(this, { path, take, lost, seen: 0, entries: new Map(), wanted: new Map() });
  }

  /** Reads until the stack has no such list. While nobody looks at the page it rests: others need the connections. */
  async follow() {
    for (let wait = 0; ; ) {
      await visible();
      const read = await this.next(wait);
      if (read === null) break;
      if (!read) {
        wait = 0;
        continue;
      }
      const entries = read.filter(({ id }) => !this.entries.has(id));
      for (const entry of entries) {
        this.entries.set(entry.id, entry);
        this.wanted.get(entry.id)?.(entry);
        this.wanted.delete(entry.id);
      }
      if (entries.length > 0 || wait === 0) this.take(entries);
      wait = WAIT;
    }
    this.isMissing = true;
    for (const [, none] of this.wanted) none(undefined);
  }

  /** What comes after what was seen; `null` when the stack has no such list, `undefined` when it could not be read. */
  async next(wait) {
    const hidden = new AbortController();
    const stop = () => document.hidden && hidden.abort();
    document.addEventListener("visibilitychange", stop);
    try {
      const options = { signal: hidden.signal };
      const { response, text } = await ask(`${this.path}?after=${this.seen}&wait=${wait}`, options);
      if (response.status === 404) return null;
      if (!response.ok) throw new Error(`${this.path} answers ${response.status}`);
      // The oldest are not kept, but they count.
      const count = Number(response.headers.get("x-count"));
      const isAnother = count < this.seen;
      this.seen = isAnother ? 0 : count;
      if (isAnother) return undefined;
      return JSON.parse(text);
    } catch (fault) {
      if (!hidden.signal.aborted) {
        // Another stack may come in its place, which counts from the beginning.
        this.seen = 0;
        if (fault instanceof NoAnswer) this.lost(fault);
        await new Promise((over) => setTimeout(over, PAUSE));
      }
      return undefined;
    } finally {
      document.removeEventListener("visibilitychange", stop);
    }
  }

  /**
   * The entry with this id, once it is there; `undefined` where the stack has no such list.
   *
   * @param {string} id
   * @returns {Promise<object | undefined>}
   */
  find(id) {
    if (this.isMissing || this.entries.has(id)) return Promise.resolve(this.entries.get(id));
    return new Promise((found) => this.wanted.set(id, found));
  }
}

/** Resolves when somebody can see the page. */
function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((seen) => document.addEventListener("visibilitychange", () => seen(), { once: true }));
}
