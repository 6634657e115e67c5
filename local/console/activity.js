/** What happens on the stack, newest first: requests, events that go out, messages to people. */

import { NAMES } from "./contract.js";
import { element, fill } from "./element.js";
import { Log } from "./log.js";
import { isAsked } from "./wire.js";

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
   */
  constructor(list, filter, changed) {
    Object.assign(this, { list, filter, lines: [], letters: [] });
    this.requests = new Log("/_local/requests", (entries) => this.add(entries.map(request)));
    let isFirst = true;
    this.events = new Log("/_local/events", (events) => {
      this.add(events.map(event));
      if (!isFirst) events.forEach(changed);
      isFirst = false;
    });
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
    const response = await fetch("/_local/outbox").catch(() => undefined);
    if (!response?.ok) return;
    const letters = (await response.json()).slice(0, MOST);
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
    const all = [...this.lines.filter(({ id, kind }) => kind !== "request" || isAsked(id)), ...this.letters.map(letter)];
    const lines = all.filter(({ kind }) => wanted.has(kind)).sort((one, other) => other.time.localeCompare(one.time));
    const items = lines.slice(0, MOST).map(({ time, kind, contract, content }) => {
      const clock = new Date(time).toLocaleTimeString("en-GB");
      return element("li", { class: kind, "data-contract": contract }, element("time", { datetime: time }, clock), element("div", {}, content));
    });
    fill(this.list, items.length ? items : element("li", { class: "empty" }, "Nothing yet."));
  }
}

function request({ id, time, route, contract, status, ms, dynamodb_calls: calls }) {
  const cost = [`${ms} ms`, calls !== null && `${calls} call${calls === 1 ? "" : "s"}`].filter(Boolean).join(" · ");
  const code = element("span", { class: `status s${String(status)[0]}` }, String(status));
  return { id, time, kind: "request", contract, content: [element("p", {}, route, " ", code), element("p", { class: "note" }, [NAMES.get(contract), cost].filter(Boolean).join(" · "))] };
}

function event(envelope) {
  const { user_id: user, version, contract, set = [], changed = [], removed = [] } = envelope.detail ?? {};
  const names = [[set, "set"], [changed, "changed"], [removed, "removed"]].filter(([names]) => names.length > 0);
  const what = names.map(([names, verb]) => `${verb} ${names.join(", ")}`).join("; ");
  const whose = [user && `user ${user}`, version && `version ${version}`].filter(Boolean).join(", ");
  const content = [element("p", {}, `${envelope["detail-type"]}`, whose && `: ${whose}`), element("p", { class: "note" }, what || envelope.source)];
  return { time: envelope.time, kind: "event", contract, content };
}

function letter({ to, channel, code, subject, body, sent_at: time }) {
  const kind = channel === "sms" ? "Message" : "Letter";
  const content = [
    element("p", {}, `${kind} to ${to}`, code && [" ", element("strong", { class: "code" }, code)]),
    element("p", { class: "note" }, subject ?? body),
  ];
  return { time, kind: "letter", content };
}
