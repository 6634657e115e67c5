"""Findings of Schemathesis that are no defects, each with its reason."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass
class Finding:
    """What Schemathesis finds wrong in the answer to a request."""

    contract: str
    failure: Any
    case: Any
    answer: Any

    @cached_property
    def body(self):
        """The members of the answer's body."""
        try:
            body = json.loads(self.answer.content)
        except ValueError:
            body = None
        return body if isinstance(body, dict) else {}

    @property
    def faults(self):
        """Field and code of each fault that a problem of AuthMS names."""
        return {(fault["field"], fault["code"]) for fault in self.body.get("errors", [])}

    @property
    def sent(self):
        """The members of the request's body."""
        return self.case.body if isinstance(self.case.body, dict) else {}


# The class of a finding, why it is accepted, and which ones are meant.
ACCEPTED = [
    (
        "UnsupportedMethodResponse",
        "An HTTP API of API Gateway says of a method that a path does not have what it says of a path that it does not have.",
        lambda it: it.answer.status_code == 404 and it.body == {"message": "Not Found"},
    ),
    (
        "MissingHeaderNotRejected",
        "Three contracts tell a missing credential otherwise than by 401: CIAM by 400 (RFC 6750, section 3.1), WTS by 403, System "
        "user by its code 4030.",
        lambda it: it.answer.status_code == {"ciam": 400, "wts": 403, "system-user": 403}.get(it.contract),
    ),
    (
        "IgnoredAuth",
        "CIAM tells a missing token by 400.",
        lambda it: it.contract == "ciam" and "got `400 Bad Request`" in it.failure.message,
    ),
    (
        "IgnoredAuth",
        "System user refuses with 200 and a code, which this check does not see where it repeats a request without its key. What is "
        "sent without a good key is looked at as the caller `none`.",
        lambda it: it.contract == "system-user" and it.failure.message.startswith("Expected 401 or 403, got `200 OK`"),
    ),
    (
        "UndefinedContentType",
        "An answer without a body has no type; API Gateway adds one of its own, and the document says `x-empty-body`.",
        lambda it: it.answer.content == b"" and it.answer.headers["content-type"] == ["text/plain;charset=utf-8"],
    ),
    (
        "RejectedPositiveData",
        "Of requests that Schemathesis calls good some have no credential, and to CIAM one that is missing is 400.",
        lambda it: it.contract == "ciam" and it.answer.content == b"" and "www-authenticate" in it.answer.headers,
    ),
    (
        "RejectedPositiveData",
        "The cursor of a page of history is what the service made: any other of its form leads nowhere.",
        lambda it: it.faults == {("cursor", "format")},
    ),
    (
        "RejectedPositiveData",
        "Which attributes of the stack's own may be set depends on who asks.",
        lambda it: bool(it.faults)
        and all(field.startswith("custom_fields.") and code == "unknown" for field, code in it.faults),
    ),
    (
        "RejectedPositiveData",
        "A one-time code is six digits that somebody was sent: none that is made up is right.",
        lambda it: it.body.get("error")
        in {
            "invalid_verification_code",
            "bad_phone_number_otp_token",
            "bad_email_otp_token",
            "bad_phone_number_otp",
            "bad_email_otp",
        },
    ),
    (
        "RejectedPositiveData",
        "CloudBase asks for a proof of a phone or an address that is new, and no schema knows what is stored.",
        lambda it: it.body.get("error") == "failed_precondition",
    ),
    (
        "RejectedPositiveData",
        "System user asks for one member that is more than white space, whichever it is.",
        lambda it: it.body.get("message", "").endswith("cannot be null at the same time"),
    ),
    (
        "RejectedPositiveData",
        "CIAM tells by 400 that a limit of messages is reached.",
        lambda it: it.body.get("error") in {"sms_rate_limit_exceeded", "email_rate_limit_exceeded"},
    ),
    (
        "RejectedPositiveData",
        "WTS tells by 400 that a user is not there.",
        lambda it: it.contract == "wts" and it.body.get("msg") == "no such user",
    ),
    (
        "RejectedPositiveData",
        "No schema knows which country codes are assigned, which dates exist, and which names a host may have: labels of 63 characters "
        "at most, and of other scripts those that IDNA has.",
        lambda it: bool(it.faults)
        and all(
            code == "format" and field.split(".")[0] in {"country", "birthdate", "avatar_url", "website", "social_links"}
            for field, code in it.faults
        ),
    ),
    (
        "RejectedPositiveData",
        "The same of CloudBase; nor does one know the numbering plans of all countries, and that only an administrator clears a phone "
        "or an address.",
        lambda it: it.contract == "cloudbase"
        and set(it.body.get("error_description", "").removeprefix("Invalid ").split(", "))
        <= {"phone", "phone_number", "email", "avatar_url"},
    ),
    (
        "RejectedPositiveData",
        "The same of hosts in CIAM and System user.",
        lambda it: it.body.get("error") == "malformed_email"
        or it.body.get("message") == "Invalid email format."
        or (it.body.get("message") == "Invalid parameter." and not (it.sent.get("avatar") or "").isascii()),
    ),
    (
        "RejectedPositiveData",
        "The document shows a request that is refused: `time-zone` is a format that not every validator knows.",
        lambda it: it.sent.get("zoneinfo") == "Europe/Atlantis",
    ),
    (
        "RejectedPositiveData",
        "Where Schemathesis leaves optional headers out in turn, it writes `0` into those whose pattern wants quotation marks.",
        lambda it: it.body.get("code") == 30101003
        and "0" in {it.case.headers.get("If-Match"), it.case.headers.get("If-None-Match")},
    ),
    (
        "RejectedPositiveData",
        "No schema lists the common passwords.",
        lambda it: it.body.get("message") == "Invalid password.",
    ),
    (
        "UseAfterFree",
        "The user of a run is made anew as soon as it is erased (hooks.py), or the run would be over. That others stay erased is "
        "looked at as an administrator.",
        lambda it: it.case.path_parameters.get("user_id") == "7001",
    ),
    (
        "AcceptedNegativeData",
        "System user takes white space alone for absent, however much of it. What is absent has no length.",
        lambda it: it.contract == "system-user" and any(isinstance(value, str) and value.isspace() for value in it.sent.values()),
    ),
]


def is_accepted(finding):
    return any(type(finding.failure).__name__ == kind and meant(finding) for kind, _, meant in ACCEPTED)
