/** What happens on the stack, newest first: requests, events that go out, messages to people. */

import { NAMES } from "./contract.js";
import { element, fill } from "./element.js";
import { Log } from "./log.js";
import { ask, isAsked, looked } from "./wire.js";

/** Most lines that are shown. */
const MOST = 100;

/** How often the outbox is looked into, in milliseconds. It has nothing to wait for. */
const OFTEN = 3_000;

/** The list of what happens. */
export class Activity {
  /**
   * @param {HTMLOListElement} list
   * @param {HTMLFormElement} filter a checkbox a kind, by its name
   * @param {(event: object) => void} changed called with each event that comes while somebody looks
   * @param {(fault: import("./wire.js").NoAnswer) => void} lost called when the stack does not answer
   */
  constructor(list, filter, changed, lost) {
    Object.assign(this, { list, filter, lines: [], letters: [] });
    // A request of the console's own may be written down before the console has its answer, and so its id.
    const take = (entries) => looked().then(() => this.add(entries.map(request)));
    this.requests = new Log("/_local/requests", take, lost);
    let isFirst = true;
    this.events = new Log("/_local/events", (events) => {
      this.add(events.map(event));
      if (!isFirst) events.forEach(changed);
      isFirst = false;
    }, lost);
    filter.addEventListener("change", () => this.draw());
  }

  /** Begins to look. */
  start() {
    this.requests.follow();
    this.events.follow();
    this.look();
    setInterval(() => document.hidden || this.look(), OFTEN);
  }

  /** Looks into the outbox. */
  async look() {
    const { response, text } = await ask("/_local/outbox").catch(() => ({}));
    if (!response?.ok) return;
    const letters = JSON.parse(text).slice(0, MOST);
    if (JSON.stringify(letters) === JSON.stringify(this.letters)) return;
    this.letters = letters;
    this.draw();
  }

  add(lines) {
    this.lines = [...this.lines, ...lines].slice(-2 * MOST);
    this.draw();
  }

  draw() {
    const wanted = new FormData(this.filter);
    const lines = this.lines.filter(({ id }) => id === undefined || isAsked(id));
    const all = [...lines, ...this.letters.map(letter)];
    const shown = all.filter(({ kind }) => wanted.has(kind)).sort((one, other) => other.time.localeCompare(one.time));
    const items = shown.slice(0, MOST).map(({ time, kind, contract, what, note }) => {
      const clock = new Date(time).toLocaleTimeString("en-GB");
      const content = element("div", {}, element("p", {}, what), element("p", { class: "note" }, note));
      const when = element("time", { datetime: time }, clock);
      return element("li", { class: kind, "data-contract": contract }, when, content);
    });
    fill(this.list, items.length ? items : element("li", { class: "empty" }, "Nothing yet."));
  }
}

/**
 * A line of the list.
 *
 * @typedef {object} Line
 * @property {string} [id] of a request
 * @property {string} time RFC 3339
 * @property {"request" | "read" | "event" | "letter"} kind a read is a request that changes nothing
 * @property {string} [contract] id
 * @property {import("./element.js").Child} what
 * @property {string} note what there is to say beside it
 */

/** @returns {Line} */
function request({ id, time, route, contract, status, ms, dynamodb_calls: calls }) {
  const code = element("span", { class: `status s${String(status)[0]}` }, String(status));
  const spent = calls === null ? "" : `${calls} call${calls === 1 ? "" : "s"}`;
  const note = [NAMES.get(contract), `${ms} ms`, spent].filter(Boolean).join(" · ");
  const kind = route.startsWith("GET ") ? "read" : "request";
  return { id, time, kind, contract, what: [route, " ", code], note };
}

/** @returns {Line} */
function event({ time, source, "detail-type": type, detail }) {
  const { user_id: user, version, contract, set = [], changed = [], removed = [] } = detail ?? {};
  const whose = [user && `user ${user}`, version && `version ${version}`].filter(Boolean).join(", ");
  const names = Object.entries({ set, changed, removed }).filter(([, names]) => names.length > 0);
  const note = names.map(([verb, names]) => `${verb} ${names.join(", ")}`).join("; ");
  return { time, kind: "event", contract, what: [type, whose && `: ${whose}`], note: note || source };
}

/** @returns {Line} */
function letter({ to, code, subject, body, sent_at: time }) {
  const what = [`Message to ${to}`, code && [" ", element("strong", { class: "code" }, code)]];
  return { time, kind: "letter", what, note: subject ?? body };
}
