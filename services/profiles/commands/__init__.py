"""What profiles does, cut by behaviour."""

from services.profiles.commands.documents import (
    ReviewDocument,
    SubmitDocument,
    check_may_submit,
    review_document,
    submit_document,
)
from services.profiles.commands.profiles import (
    DescribeHelper,
    FollowSources,
    ShowPhoto,
    describe_helper,
    follow_sources,
    follow_tenant,
    register_helper,
    show_photo,
)
from services.profiles.commands.qualification import (
    AnswerAttempt,
    ApplyBank,
    BeginAttempt,
    answer_attempt,
    apply_bank,
    attempt_of,
    bank_of,
    begin_attempt,
    draw_attempt,
)
from services.profiles.commands.standing import (
    CountJobs,
    KeepJob,
    RateHelper,
    count_jobs,
    keep_job,
    rate_helper,
)
from services.profiles.commands.warnings import WarnHelper, warn_helper

__all__ = [
    "AnswerAttempt",
    "ApplyBank",
    "BeginAttempt",
    "CountJobs",
    "DescribeHelper",
    "FollowSources",
    "KeepJob",
    "RateHelper",
    "ReviewDocument",
    "ShowPhoto",
    "SubmitDocument",
    "WarnHelper",
    "answer_attempt",
    "apply_bank",
    "attempt_of",
    "bank_of",
    "begin_attempt",
    "check_may_submit",
    "count_jobs",
    "describe_helper",
    "draw_attempt",
    "follow_sources",
    "follow_tenant",
    "keep_job",
    "rate_helper",
    "register_helper",
    "review_document",
    "show_photo",
    "submit_document",
    "warn_helper",
]
