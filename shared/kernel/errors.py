"""The kinds of refusal a rule can give; each edge translates them, the rules know no edge."""

from typing import Any, ClassVar


class Refusal(Exception):
    """A rule said no.

    code is stable and machine-readable (snake_case); detail is one sentence for a person.
    members are extra fields the caller may act on (e.g. ``allowed``); they must be JSON values.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str, *, code: str | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = code or self.code
        self.members = members


class Invalid(Refusal):
    """The request can never succeed as it stands.

    pointer is an RFC 6901 pointer into the body; parameter names a query, path or header field.
    """

    code = "invalid"

    def __init__(
        self,
        detail: str,
        *,
        pointer: str | None = None,
        parameter: str | None = None,
        code: str | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail, code=code, **members)
        where = {"parameter": parameter} if parameter is not None else {"pointer": pointer or ""}
        self.errors: list[dict[str, str]] = [{**where, "detail": detail}]


class NotFound(Refusal):
    """There is no such thing for this caller (it may exist for somebody else)."""

    code = "not_found"


class Forbidden(Refusal):
    """The caller is known and may see the thing, but may not do this."""

    code = "forbidden"


class Conflict(Refusal):
    """Right request, wrong moment: the state of the thing does not allow it now."""

    code = "conflict"


class Unavailable(Refusal):
    """Something we stand on is away; the same request may succeed later (retry_after seconds)."""

    code = "unavailable"

    def __init__(self, detail: str, *, retry_after: int = 2, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Unauthenticated(Refusal):
    """We do not know who is calling, or do not believe it."""

    code = "unauthenticated"


class Limited(Refusal):
    """Too much in too short a time; retry_after in seconds."""

    code = "rate_limited"

    def __init__(self, detail: str, *, retry_after: int, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Precondition(Refusal):
    """The caller acted on a version that is not the current one, or named none at all."""

    code = "version_mismatch"
