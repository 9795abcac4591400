"""What identity's bodies are made of."""

import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from fastapi import Request
from pydantic import AfterValidator, Field

from shared.http import Call
from shared.http.fields import Line
from shared.kernel.errors import Invalid

_SHOWN = 200
"""Characters of what a client calls itself that are kept."""


def _deliverable(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False, strict=True).normalized
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None


def _as_registered(text: str) -> str:
    """However the domain is written; what is no address stays as it is, and is found nowhere."""
    try:
        return _deliverable(text)
    except ValueError:
        return text


def _visible(text: str) -> str:
    """Something that can be read, and nothing that turns or hides what stands around it."""
    if any(unicodedata.category(each) == "Cf" and each not in _JOINERS for each in text):
        raise ValueError("must not contain invisible formatting characters")
    if not any(unicodedata.category(each)[0] in "LNPS" for each in text):
        raise ValueError("must contain something visible")
    return text


_JOINERS = "\u200c\u200d"
"""Needed to write Persian and Indic names, and emoji."""

Email = Annotated[str, Line(3, 254), AfterValidator(_deliverable)]
AnyEmail = Annotated[str, Line(1, 254), AfterValidator(_as_registered)]
"""For routes that say nothing about an address, not even that it is none."""

Name = Annotated[str, Line(1, 80), AfterValidator(_visible)]
Language = Annotated[str, Field(pattern="^[a-z]{2}$")]
Secret = Annotated[str, Field(min_length=1, max_length=512)]
NewPassword = Annotated[str, Field(min_length=12, max_length=128)]
Password = Annotated[str, Field(min_length=1, max_length=128)]
Code = Annotated[str, Field(pattern="^[0-9]{6}$")]
Version = Annotated[str, Field(pattern="^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$")]
Accepts = dict[Annotated[str, Field(pattern="^[a-z]{1,20}$")], Version]


def address_of(request: Request) -> str:
    """The client's network address as the gateway saw it."""
    return request.client.host if request.client else ""


def client_of(request: Request) -> str:
    """What the client calls itself, harmless to show."""
    name = request.headers.get("user-agent", "")
    return "".join(each for each in name if each.isprintable())[:_SHOWN]


def check_language(language: str, call: Call) -> None:
    """Invalid when the tenant does not speak it."""
    if language not in call.tenant.locales:
        known = ", ".join(call.tenant.locales)
        raise Invalid(f"must be one of {known}", pointer="/language", code="invalid_request")
