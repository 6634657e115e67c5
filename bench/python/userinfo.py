"""What a `PATCH /userinfo` may say, and what its answer shows."""

import re
import unicodedata
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

# BCP 47 (RFC 5646, section 2.1), without its extended languages and grandfathered tags.
TAG = re.compile(
    r"[a-z]{2,8}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z\d]{5,8}|\d[a-z\d]{3}))*"
    r"(-[a-wyz\d](-[a-z\d]{2,8})+)*(-x(-[a-z\d]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)

# Members of the contract that this function does not change.
UNSUPPORTED = {
    "sub", "updated_at", "authenticationMethod", "email", "email_otp_token", "email_otp", "email_verified",
    "phone_number", "phone_number_otp_token", "phone_number_otp", "phone_number_verified",
}

# The attribute of the profile item that a member is kept as.
ATTRIBUTES = {"name": "name", "nickname": "nickname", "zoneinfo": "timezone", "locale": "language"}


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError) as error:
        raise ValueError("no time zone") from error
    return name


def tag(raw: str) -> str:
    """A language tag in its conventional letter case."""
    if not TAG.fullmatch(raw):
        raise ValueError("no language tag")
    language, *subtags = raw.lower().split("-")
    for index, subtag in enumerate(subtags):
        if len(subtag) == 1:
            break
        if len(subtag) == 2:
            subtags[index] = subtag.upper()
        elif len(subtag) == 4 and subtag.isalpha():
            subtags[index] = subtag.title()
    return "-".join([language, *subtags])


def text(longest: int):
    """One line without control characters, in NFC."""
    bounds = StringConstraints(min_length=1, max_length=longest, pattern=r"^[^\p{Cc}\p{Zl}\p{Zp}]*$")
    return Annotated[str, AfterValidator(nfc), bounds]


class Body(BaseModel):
    """The body; `null` clears."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: text(128) | None = None
    nickname: text(64) | None = None
    zoneinfo: Annotated[str, AfterValidator(zone)] | None = None
    locale: Annotated[str, StringConstraints(max_length=128), AfterValidator(tag)] | None = None


def claims(sub: str, item: dict) -> dict:
    """What the answer shows of a profile item."""

    def text(name):
        return item[name]["S"] if name in item else None

    def flag(contact, name):
        return item.get(name, {"BOOL": False})["BOOL"] if contact in item else None

    phone = text("phone")
    shown = {
        "sub": sub,
        "email": text("email"),
        "phone_number": phone and phone.removeprefix("+86"),
        "name": text("name"),
        "nickname": text("nickname"),
        "zoneinfo": text("timezone"),
        "locale": text("language"),
        "updated_at": int(item["updated_at"]["N"]) // 1000,
        "email_verified": flag("email", "email_verified"),
        "phone_number_verified": flag("phone", "phone_verified"),
    }
    return {name: value for name, value in shown.items() if value is not None}
