"""What Schemathesis is told of the five contracts before it tries one of them. `main.py` says through the environment which
contract, as whom, and where."""

import itertools
import json
import os
import re
import urllib.error
import urllib.request

import schemathesis
from accepted import Finding, is_accepted
from hypothesis import strategies

API, CONTRACT, CALLER = os.environ["API"], os.environ["CONTRACT"], os.environ["CALLER"]

# A user of its own for each contract: what one run does to its user does not spoil another run.
SUBJECT = {"authms": "7001", "ciam": "7002", "wts": "7003", "cloudbase": "7004", "system-user": "7005"}[CONTRACT]

# Where a contract names the user that a request is about.
TARGETS = {"authms": "user_id", "wts": "who", "cloudbase": "user_id", "system-user": "id"}

# System user answers 200 whatever came of it; these statuses stand for its codes, so that checks can look at them.
STANDS_FOR = {"0000": 200, "4000": 400, "4030": 403, "4090": 409, "4290": 429, "5000": 500}


def call(method, path, headers=(), body=None):
    request = urllib.request.Request(API + path, method=method, headers=dict(headers), data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


CREDENTIALS = call("GET", f"/_local/credentials?user={SUBJECT}")


def create_subject():
    headers = {"Authorization": f"Bearer {CREDENTIALS['admin_token']}", "Content-Type": "application/json", "If-None-Match": "*"}
    try:
        call("PUT", f"/profiles/{SUBJECT}", headers, {})
    except urllib.error.HTTPError as refusal:
        if refusal.code != 412:  # there already
            raise


create_subject()


def shown(scheme):
    """The `Authorization` of this run's caller under a security scheme of the document."""
    if scheme == "application":
        return f"Basic {CREDENTIALS['client']}"
    member = {"apiKey": "api_key", "user": "admin_token" if CALLER == "administrator" else "token"}[scheme]
    return f"Bearer {CREDENTIALS['wts_' + member if CONTRACT == 'wts' else member]}"


if CALLER != "none":

    # Nothing is kept: operations of one document take different ones.
    @schemathesis.auth(refresh_interval=None)
    class Shown:
        def get(self, case, context):
            security = case.operation.definition.raw.get("security", [])
            return next((shown(scheme) for alternative in security for scheme in alternative), None)

        def set(self, case, data, context):
            if data:
                case.headers["Authorization"] = data


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Says some things as checks understand them: `default` would allow every status, where the gateway's own are those of its
    examples; and of two types that differ in a parameter, only one would be looked at."""
    gateway = raw_schema["components"]["responses"]["Gateway"]
    examples = gateway["content"]["application/json"]["examples"]
    statuses = [name.removeprefix("gateway-") for name in examples]
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            responses = operation["responses"]
            unlisted = responses.pop("default")
            if CONTRACT == "system-user":
                either = [answer["content"]["application/json"]["schema"] for answer in (responses["200"], gateway)]
                refused = {"description": "", "content": {"application/json": {"schema": {"anyOf": either}}}}
                responses |= {str(status): refused for status in (401, *STANDS_FOR.values()) if status != 200}
            for status in statuses:
                responses.setdefault(status, unlisted)
            for response in responses.values():
                join_types(response.get("content", {}))


def join_types(content):
    for media_type in [media_type for media_type in content if ";" in media_type]:
        schemas = [content.pop(media_type)["schema"]]
        bare = media_type.partition(";")[0]
        if bare in content:
            schemas.append(content[bare]["schema"])
        content[bare] = {"schema": {"anyOf": schemas}}


NUMBERS = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    """No two requests are one by their key; most have no condition or cursor, since hardly any is good; most are
    about somebody who is there."""
    number, headers, query = next(NUMBERS), case.headers or {}, case.query or {}
    key = str(headers.get("Idempotency-Key"))
    if "Idempotency-Key" in headers and re.fullmatch(r'"[\w-]{1,200}"|[\w-]{1,200}', key, re.ASCII):
        mark = f"-{CALLER}-{number}"
        headers["Idempotency-Key"] = f'{key[:-1]}{mark}"' if key.startswith('"') else key + mark
    if number % 4:
        for values, name in ((headers, "If-Match"), (headers, "If-None-Match"), (query, "cursor")):
            if re.fullmatch('[*]|"1"|[0-9a-f]{32}', str(values.get(name))):
                del values[name]
    if CONTRACT == "authms" and CALLER == "administrator":
        return  # who also creates: anybody is somebody
    target = TARGETS.get(CONTRACT)
    for values in (case.path_parameters, case.query, case.body):
        if isinstance(values, dict) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:|\-]{0,127}", str(values.get(target, ""))):
            values[target] = int(SUBJECT) if CONTRACT == "system-user" else SUBJECT


@schemathesis.hook
def after_call(context, case, response):
    if CONTRACT == "system-user":
        answer = json.loads(response.content)
        stands_for = 401 if answer.get("message") == "Invalid API Key." else STANDS_FOR.get(answer.get("code"))
        response.status_code = stands_for or response.status_code
    if case.method == "DELETE" and response.status_code == 204 and case.path_parameters.get("user_id") == SUBJECT:
        create_subject()


@schemathesis.hook
def filter_failure(context, failure, case, response):
    return not is_accepted(Finding(CONTRACT, failure, case, response))


schemathesis.openapi.format("time-zone", strategies.sampled_from(["Europe/Oslo", "UTC", "America/Argentina/Ushuaia"]))
schemathesis.openapi.format("language-tag", strategies.sampled_from(["en", "nb-NO", "zh-Hans-CN", "de-CH-1996", "x-private"]))


@schemathesis.deserializer("text/html")
def html(context, response):
    return response.content.decode()
