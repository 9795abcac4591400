"""What the rules of reviews refuse."""

from shared.kernel.errors import Conflict, Forbidden


class NotReviewable(Conflict):
    """The job has not come to an end that can be judged."""

    code = "not_reviewable"


class AlreadyReviewed(Conflict):
    code = "already_reviewed"


class WindowOver(Conflict):
    code = "review_window_over"


class NotYourCommand(Forbidden):
    code = "not_your_command"


class AlreadyReplied(Conflict):
    code = "already_replied"


class ReplyWindowOver(Conflict):
    code = "reply_window_over"


class NotReported(Conflict):
    code = "not_reported"


class NothingToAppeal(Conflict):
    """No decision went against the caller."""

    code = "nothing_to_appeal"


class AlreadyAppealed(Conflict):
    code = "already_appealed"


class AppealWindowOver(Conflict):
    code = "appeal_window_over"


class SameModerator(Conflict):
    """An appeal is for somebody else to decide."""

    code = "same_moderator"


class AlreadyDecided(Conflict):
    code = "already_decided"
