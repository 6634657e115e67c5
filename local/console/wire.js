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

const unasked = new Set(JSON.parse(localStorage.getItem(UNASKED) ?? "[]"));

/**
 * Sends a request.
 *
 * @param {Exchange["request"] & {contract: string}} request
 * @returns {Promise<Exchange>}
 */
export async function send({ contract, ...request }) {
  const { method, path, headers, body } = request;
  const started = performance.now();
  const response = await fetch(path, { method, headers, body, cache: "no-store" });
  const answered = await response.text();
  const ms = Math.max(1, Math.round(performance.now() - started));
  return {
    contract,
    request,
    response: { status: response.status, headers: [...response.headers], body: answered },
    id: response.headers.get("apigw-requestid") ?? "",
    ms,
  };
}

/**
 * Sends a request of the console's own.
 *
 * @param {Exchange["request"] & {contract: string}} request
 * @returns {Promise<Exchange>}
 */
export async function look(request) {
  const exchange = await send(request);
  unasked.add(exchange.id);
  localStorage.setItem(UNASKED, JSON.stringify([...unasked].slice(-MOST)));
  return exchange;
}

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
