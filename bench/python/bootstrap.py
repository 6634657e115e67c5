"""A loop over the Lambda Runtime API (version 2018-06-01) on one connection.

It stands in for the managed runtime's own client, which is native code, and does no more than it must.
"""

import json
import os
import socket
from urllib.parse import urlsplit

from handler import handler

api = urlsplit(os.environ["AWS_LAMBDA_RUNTIME_API"])
invocations = f"{api.path}/2018-06-01/runtime/invocation"
connection = socket.create_connection((api.hostname, api.port))
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
responses = connection.makefile("rb")


def exchange(request):
    """Sends a request; the invocation's id, where the response has one, and its body."""
    connection.sendall(request)
    length, request_id = 0, ""
    if not responses.readline():
        raise SystemExit(1)
    while (line := responses.readline().strip()):
        name, _, value = line.partition(b":")
        match name.lower():
            case b"content-length":
                length = int(value)
            case b"lambda-runtime-aws-request-id":
                request_id = value.strip().decode()
    return request_id, responses.read(length)


get_next = f"GET {invocations}/next HTTP/1.1\r\nHost: {api.netloc}\r\n\r\n".encode()
while True:
    request_id, event = exchange(get_next)
    answer = json.dumps(handler(json.loads(event))).encode()
    head = (
        f"POST {invocations}/{request_id}/response HTTP/1.1\r\nHost: {api.netloc}\r\n"
        f"Content-Length: {len(answer)}\r\n\r\n"
    )
    exchange(head.encode() + answer)
