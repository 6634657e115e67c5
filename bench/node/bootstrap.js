// A loop over the Lambda Runtime API (version 2018-06-01) on one connection. It stands in for the managed runtime's own
// client, which is native code, and does no more than it must.
import { connect } from "node:net";
import { handler } from "./handler.js";

const api = new URL(process.env.AWS_LAMBDA_RUNTIME_API);
const invocations = `${api.pathname}/2018-06-01/runtime/invocation`;
const socket = connect({ host: api.hostname, port: api.port, noDelay: true });
const chunks = socket[Symbol.asyncIterator]();
let received = Buffer.alloc(0);

/** Sends a request; the response's head and body. */
async function exchange(request) {
  socket.write(request);
  let end;
  while ((end = received.indexOf("\r\n\r\n")) < 0) await receive();
  const head = received.toString("latin1", 0, end);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const start = end + 4;
  while (received.length < start + length) await receive();
  const body = received.toString("utf8", start, start + length);
  received = received.subarray(start + length);
  return { head, body };
}

async function receive() {
  const { value, done } = await chunks.next();
  if (done) process.exit(1);
  received = received.length ? Buffer.concat([received, value]) : value;
}

const next = `GET ${invocations}/next HTTP/1.1\r\nHost: ${api.host}\r\n\r\n`;
for (;;) {
  const { head, body } = await exchange(next);
  const id = /^lambda-runtime-aws-request-id: *(\S+)/im.exec(head)[1];
  const answer = JSON.stringify(await handler(JSON.parse(body)));
  await exchange(
    `POST ${invocations}/${id}/response HTTP/1.1\r\nHost: ${api.host}\r\n` +
      `Content-Length: ${Buffer.byteLength(answer)}\r\n\r\n${answer}`,
  );
}
