"""What somebody sees of their settings."""

from services.messaging.model import NoticeSetting
from shared.http.fields import View


class NoticesView(View):
    """wanted: e-mails about messages that are unread for ten minutes."""

    wanted: bool


def notices_view(setting: NoticeSetting) -> NoticesView:
    return NoticesView(wanted=setting.wanted)
