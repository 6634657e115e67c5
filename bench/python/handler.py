"""`PATCH /userinfo` on API Gateway's payload format 2.0."""

import base64
import json
import os
import re
from pathlib import Path

import jwt
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

import profiles
from profiles import NoSuchUser
from userinfo import ATTRIBUTES, UNSUPPORTED, Body, claims

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
SECRET = Path(os.environ["SECRET_FILE"]).read_bytes()

BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)
JSON = re.compile(r"application/json *(;.*)?", re.IGNORECASE)
USER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:|-]{0,127}")

profiles.warm_up()


class Refusal(Exception):
    """An answer that is not a success."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer


def handler(event: dict) -> dict:
    try:
        headers = event.get("headers") or {}
        user = subject(headers.get("authorization", ""))
        item = profiles.update(user, changes(event, headers.get("content-type", "")))
        return answer(200, "application/json", claims(user, item))
    except Refusal as refusal:
        return refusal.answer
    except NoSuchUser:
        return oauth_error(404, "user_not_found")
    except (BotoCoreError, ClientError) as error:
        # The message of an SDK's error may quote the request, so only its kind is logged.
        print(json.dumps({"error": type(error).__name__}), flush=True)
        return oauth_error(503, "temporarily_unavailable")
    except Exception as error:
        print(json.dumps({"error": type(error).__name__}), flush=True)
        return oauth_error(500, "server_error")


def subject(authorization: str) -> str:
    """The user that the token stands for."""
    bearer = BEARER.fullmatch(authorization.strip())
    if not bearer:
        raise Refusal(challenge(400, "invalid_request", "Bearer token not found in the request"))
    try:
        token = jwt.decode(
            bearer[1],
            SECRET,
            algorithms=["HS256"],
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=60,
            options={"require": ["exp", "sub"]},
        )
    except jwt.InvalidTokenError:
        raise Refusal(challenge(401, "invalid_token", "Error decoding JWT")) from None
    sub, scope = token["sub"], token.get("scope")
    if not USER_ID.fullmatch(sub):
        raise Refusal(challenge(401, "invalid_token", "Error decoding JWT"))
    scopes = scope.split(" ") if isinstance(scope, str) else []
    if "openid" not in scopes or token.get("client_id", token.get("azp")) == sub:
        description = "The request requires higher privileges than provided by the access token."
        raise Refusal(challenge(403, "insufficient_scope", description))
    return sub


def changes(event: dict, content_type: str) -> dict:
    """The attributes that the body changes."""
    if not JSON.fullmatch(content_type):
        raise Refusal(oauth_error(400, "invalid_request", "Malformed request body."))
    body = event.get("body") or ""
    try:
        members = Body.model_validate_json(base64.b64decode(body) if event.get("isBase64Encoded") else body)
    except ValidationError as invalid:
        raise Refusal(refused(invalid)) from None
    except ValueError:
        raise Refusal(oauth_error(400, "invalid_request", "Malformed request body.")) from None
    return {ATTRIBUTES[name]: value for name, value in members.model_dump(exclude_unset=True).items()}


def refused(invalid: ValidationError) -> dict:
    """Several faults are told as one."""
    faults = invalid.errors(include_url=False, include_context=False, include_input=False)
    if any(not fault["loc"] for fault in faults):
        return oauth_error(400, "invalid_request", "Malformed request body.")
    extra = {fault["loc"][0] for fault in faults if fault["type"] == "extra_forbidden"}
    if extra - UNSUPPORTED:
        return oauth_error(400, "invalid_request", "Unknown attribute(s) found.")
    if extra:
        return oauth_error(400, "invalid_request", "Unsupported user attribute(s) found.")
    return oauth_error(400, "illegal_parameter_value")


def oauth_error(status: int, error: str, description: str | None = None) -> dict:
    """RFC 6749, section 5.2."""
    body = {"error": error}
    if description:
        body["error_description"] = description
    return answer(status, "application/json;charset=UTF-8", body)


def challenge(status: int, error: str, description: str) -> dict:
    """RFC 6750, section 3."""
    uri = "https://tools.ietf.org/html/rfc6750#section-3.1"
    value = f'Bearer error="{error}", error_description="{description}", error_uri="{uri}"'
    return {"statusCode": status, "headers": {"www-authenticate": value}}


def answer(status: int, content_type: str, body: dict) -> dict:
    headers = {"content-type": content_type}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body, ensure_ascii=False)}
