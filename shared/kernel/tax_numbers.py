"""Tax numbers of businesses, as an operator has one: checked, and written in one form."""

import re

from stdnum.ch import uid
from stdnum.de import stnr
from stdnum.eu import vat
from stdnum.exceptions import ValidationError

_PREFIXES = {"GR": "EL"}
_OTHERS = re.compile(r"[0-9A-Z][0-9A-Z./-]{3,31}")
_GERMAN_ID = re.compile("(DE[0-9]{9})-[0-9]{5}")
"""The number of a business (Wirtschafts-Identifikationsnummer, § 139c AO): VAT number and part."""


def business_tax_number(text: str, country: str) -> str:
    """The number without blanks; country is ISO 3166 alpha-2. ValueError says what it is not.

    In the European Union the state's VAT number, in Germany a Steuernummer or the number of the
    business as well, in Switzerland the UID; elsewhere 4 to 32 capital letters, digits, dots,
    slashes and dashes.
    """
    given = "".join(text.split())
    try:
        if country == "CH":
            return str(uid.validate(given))
        if country.lower() in vat.MEMBER_STATES:
            return _of_the_union(given, country)
    except ValidationError:
        raise ValueError(f"is no tax number of a business in {country}") from None
    if not _OTHERS.fullmatch(given):
        raise ValueError("must be 4 to 32 capital letters, digits, dots, slashes and dashes")
    return given


def _of_the_union(given: str, country: str) -> str:
    if country == "DE":
        parted = _GERMAN_ID.fullmatch(given)
        if parted:
            vat.validate(parted[1])
            return given
        if given[:1].isdigit():
            return str(stnr.validate(given))
    if not given.startswith(_PREFIXES.get(country, country)):
        raise ValidationError
    return str(vat.validate(given))
