/** A request and its answer, to look at. */

import { NAMES } from "./contract.js";
import { element, fill } from "./element.js";
import { pretty } from "./json.js";
import { curl, legible } from "./wire.js";

/** How many exchanges are kept. */
const MOST = 20;

/** Lists the exchanges that somebody asked for, newest first. The newest is open. */
export class Exchanges {
  /**
   * @param {HTMLElement} place
   * @param {import("./log.js").Log} requests what the gateway writes of them
   */
  constructor(place, requests) {
    this.place = place;
    this.requests = requests;
  }

  /** @param {import("./wire.js").Exchange} exchange */
  add(exchange) {
    for (const older of this.place.children) older.open = false;
    const cost = element("span", { class: "cost" }, `${exchange.ms} ms`);
    this.place.querySelector(".empty")?.remove();
    this.place.prepend(block(exchange, cost));
    while (this.place.children.length > MOST) this.place.lastElementChild.remove();
    this.requests.find(exchange.id).then((entry) => fill(cost, spent(exchange, entry)));
  }
}

function block({ contract, request, response }, cost) {
  const { method, path, headers, body } = request;
  const summary = element(
    "summary",
    {},
    element("span", { class: "dot", "data-contract": contract, title: NAMES.get(contract) }),
    element("span", { class: "line" }, element("b", {}, method), ` ${path}`),
    element("span", { class: `status s${String(response.status)[0]}` }, String(response.status)),
    cost,
  );
  const copy = element("button", { type: "button", class: "quiet" }, "Copy as curl");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(curl(request));
    fill(copy, "Copied");
  });
  return element(
    "details",
    { class: "exchange", open: true },
    summary,
    element("div", { class: "side" }, element("h3", {}, "Request"), copy),
    message(`${method} ${path} HTTP/1.1`, [["Host", location.host], ...headers], body),
    element("div", { class: "side" }, element("h3", {}, "Answer")),
    message(`HTTP/1.1 ${response.status}`, response.headers, response.body),
  );
}

function message(line, headers, body) {
  const header = ([name, value]) => [element("span", { class: "name" }, name), `: ${legible(name, value)}\n`];
  const content = body ? ["\n", pretty(body)] : [];
  return element("pre", {}, element("b", {}, line), "\n", headers.map(header), content);
}

function spent({ ms }, entry) {
  if (!entry || entry.dynamodb_calls === null) return `${ms} ms`;
  const { dynamodb_calls: calls, read_units: read, write_units: write } = entry;
  const ending = (count) => (count === 1 ? "" : "s");
  const units = (count, kind) => count > 0 && `${count} ${kind} unit${ending(count)}`;
  const consumed = [units(read, "read"), units(write, "write")].filter(Boolean).join(", ");
  return [`${ms} ms`, `${calls} DynamoDB call${ending(calls)}`, consumed].filter(Boolean).join(" · ");
}
