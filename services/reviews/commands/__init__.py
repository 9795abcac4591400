"""What reviews can be told to do."""

from services.reviews.commands.moderating import (
    AppealDecision,
    DecideReport,
    appeal_decision,
    decide_report,
)
from services.reviews.commands.rating import RateHelper, rate_helper
from services.reviews.commands.writing import (
    InviteParties,
    ReplyToReview,
    ReportReview,
    WithdrawReview,
    WriteReview,
    invite_parties,
    mail_invitations,
    reply_to_review,
    report_review,
    withdraw_review,
    write_review,
)

__all__ = [
    "AppealDecision",
    "DecideReport",
    "InviteParties",
    "RateHelper",
    "ReplyToReview",
    "ReportReview",
    "WithdrawReview",
    "WriteReview",
    "appeal_decision",
    "decide_report",
    "invite_parties",
    "mail_invitations",
    "rate_helper",
    "reply_to_review",
    "report_review",
    "withdraw_review",
    "write_review",
]
