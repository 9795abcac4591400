"""What a message may consist of, whether it opens a conversation or goes on with one."""

from typing import Annotated

from pydantic import Field

from services.messaging.model import MOST_ATTACHMENTS
from shared.http.fields import Line
from shared.kernel.errors import Invalid

AttachmentIds = Annotated[list[Annotated[str, Line(1, 64)]], Field(max_length=MOST_ATTACHMENTS)]


def check_content(text: str, attachments: list[str]) -> None:
    """Invalid for a message of nothing, or with the same file twice."""
    if not text and not attachments:
        raise Invalid("must have at least 1 characters", pointer="/text", code="invalid_request")
    for place, id in enumerate(attachments):
        if id in attachments[:place]:
            raise Invalid(
                "stands there twice", pointer=f"/attachments/{place}", code="invalid_request"
            )
