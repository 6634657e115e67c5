/** What the stack writes down as it goes: read as it comes, as long as somebody looks. */

/** How long one question waits for something new, in seconds. */
const WAIT = 20;

/** Most entries that are kept to be found. */
const MOST = 1_000;

/** After a failure, how long until the next question, in milliseconds. */
const PAUSE = 2_000;

/** A list of the stack's that only grows, read from its beginning on. */
export class Log {
  /**
   * @param {string} path that takes `after` and `wait`
   * @param {(entries: object[]) => void} take called with what is new, oldest first; at first with all that is there
   */
  constructor(path, take) {
    Object.assign(this, { path, take, seen: 0, entries: new Map(), wanted: new Map() });
  }

  /** Reads until the stack has no such list. While nobody looks at the page it rests: others need the connections. */
  async follow() {
    for (let wait = 0; ; wait = WAIT) {
      await visible();
      const entries = await this.next(wait);
      if (entries === null) break;
      for (const entry of entries) {
        this.entries.set(entry.id, entry);
        this.wanted.get(entry.id)?.(entry);
        this.wanted.delete(entry.id);
        if (this.entries.size > MOST) this.entries.delete(this.entries.keys().next().value);
      }
      if (entries.length > 0 || wait === 0) this.take(entries);
    }
    this.isMissing = true;
    for (const [, none] of this.wanted) none(undefined);
  }

  /** What is new; `null` when the stack has no such list. */
  async next(wait) {
    const hidden = new AbortController();
    const stop = () => document.hidden && hidden.abort();
    document.addEventListener("visibilitychange", stop);
    try {
      const response = await fetch(`${this.path}?after=${this.seen}&wait=${wait}`, { signal: hidden.signal });
      if (response.status === 404) return null;
      if (!response.ok) throw new Error(`${this.path} answers ${response.status}`);
      const entries = await response.json();
      // The oldest are not kept, but they count.
      this.seen = Number(response.headers.get("x-count"));
      return entries;
    } catch {
      // Hidden, or the stack has ended or is at a loss; one that is started again begins anew.
      if (!hidden.signal.aborted) {
        this.seen = 0;
        await new Promise((over) => setTimeout(over, PAUSE));
      }
      return [];
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
