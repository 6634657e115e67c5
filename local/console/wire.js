/** Requests, and the answers to them, as they are on the wire. */

/**
 * @typedef {object} Exchange
 * @property {string} contract id of the contract
 * @property {{method: string, path: string, headers: [string, string][], body?: string}} request
 * @property {{status: number, headers: [string, string][], body: string}} response
 * @property {string} id what the gateway calls the request
 * @property {number} ms until the answer was there, in milliseconds
 */

/** Where the ids are kept of requests of the console's own: nobody asked for them, so nobody wants to read of them. */
const UNASKED = "unasked";

/** Most of them that are kept: more than are shown. */
const MOST = 500;

// Of this tab, also when it is loaded anew: of two tabs that wrote into one place, the later would undo the other's.
const unasked = new Set(JSON.parse(sessionStorage.getItem(UNASKED) ?? "[]"));

/** Those that are under way. */
const looks = new Set();

/** The stack has ended, or the connection to it. */
export class NoAnswer extends Error {
  constructor() {
    super("The stack does not answer.");
  }
}

/**
 * Asks the stack for something, and reads the answer to its end.
 *
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<{response: Response, text: string}>} with the answer's body
 * @throws {NoAnswer} also when `options.signal` broke it off
 */
export async function ask(path, options = {}) {
  try {
    const response = await fetch(path, { cache: "no-store", ...options });
    return { response, text: await response.text() };
  } catch {
    throw new NoAnswer();
  }
}

/**
 * Sends a request.
 *
 * @param {Exchange["request"] & {contract: string}} request
 * @returns {Promise<Exchange>}
 * @throws {NoAnswer}
 */
export async function send({ contract, ...request }) {
  const { method, path, headers, body } = request;
  const started = performance.now();
  const { response, text } = await ask(path, { method, headers, body });
  const ms = Math.max(1, Math.round(performance.now() - started));
  return {
    contract,
    request,
    response: { status: response.status, headers: [...response.headers], body: text },
    id: response.headers.get("apigw-requestid") ?? "",
    ms,
  };
}

/**
 * Sends a request of the console's own.
 *
 * @param {Exchange["request"] & {contract: string}} request
 * @returns {Promise<Exchange>}
 * @throws {NoAnswer}
 */
export function look(request) {
  const exchange = send(request).then((exchange) => {
    unasked.add(exchange.id);
    sessionStorage.setItem(UNASKED, JSON.stringify([...unasked].slice(-MOST)));
    return exchange;
  });
  looks.add(exchange);
  const over = () => looks.delete(exchange);
  exchange.then(over, over);
  return exchange;
}

/** Resolves when it is known of every request that has been answered by now whether somebody asked for it. */
export const looked = () => Promise.allSettled(looks);

/** Whether somebody asked for this request. */
export const isAsked = (id) => !unasked.has(id);

/**
 * The body of an answer as a value; `undefined` when it is not JSON.
 *
 * @param {Exchange} exchange
 * @returns {any}
 */
export function answer({ response }) {
  try {
    return JSON.parse(response.body);
  } catch {
    return undefined;
  }
}

/** A header's value as it may be looked at: of a credential its scheme and a few characters. */
export function legible(name, value) {
  if (name.toLowerCase() !== "authorization") return value;
  const [scheme, credential] = value.split(" ");
  return `${scheme} ${credential.slice(0, 6)}…${credential.slice(-4)}`;
}

/**
 * A request as a command that can be run.
 *
 * @param {Exchange["request"]} request
 * @returns {string}
 */
export function curl({ method, path, headers, body }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const lines = [`curl -i -X ${method} ${quoted(location.origin + path)}`];
  for (const [name, value] of headers) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body !== undefined) lines.push(`--data-raw ${quoted(body)}`);
  return lines.join(" \\\n  ");
}
