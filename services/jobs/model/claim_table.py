"""The life of a damage claim as a table."""

from datetime import timedelta
from enum import StrEnum

from services.jobs.model.rows import Row, Table


class ClaimState(StrEnum):
    REPORTED = "reported"
    EVIDENCE_REQUESTED = "evidence_requested"
    UNDER_REVIEW = "under_review"
    OFFERED = "offered"
    REFERRED_TO_INSURER = "referred_to_insurer"
    SETTLED = "settled"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ClaimCommand(StrEnum):
    """In kebab case, as in the API's paths."""

    REPORT = "report"
    EVIDENCE = "evidence"
    REQUEST_EVIDENCE = "request-evidence"
    SUBMIT_EVIDENCE = "submit-evidence"
    CONTEST = "contest"
    REVIEW = "review"
    OFFER = "offer"
    ACCEPT = "accept"
    REFUSE = "refuse"
    REFER = "refer-to-insurer"
    SETTLE = "settle"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    EXPIRE = "expire"


class ClaimRole(StrEnum):
    """The claimant had the damage; the respondent is the other side of the job."""

    CLAIMANT = "claimant"
    RESPONDENT = "respondent"
    SUPPORT = "support"
    TIMER = "timer"


K, S = ClaimCommand, ClaimState
CLAIMANT, RESPONDENT = ClaimRole.CLAIMANT, ClaimRole.RESPONDENT
SUPPORT, TIMER = ClaimRole.SUPPORT, ClaimRole.TIMER

OPEN = (
    S.REPORTED,
    S.EVIDENCE_REQUESTED,
    S.UNDER_REVIEW,
    S.OFFERED,
    S.REFERRED_TO_INSURER,
)
"""In these somebody still waits for something; whoever is part of it is not forgotten."""

_UNDECIDED = (S.REPORTED, S.EVIDENCE_REQUESTED, S.UNDER_REVIEW)

TABLE = Table(
    "claim",
    (
        Row(K.REPORT, (), (S.REPORTED,), (CLAIMANT,)),
        Row(K.EVIDENCE, OPEN, (), (CLAIMANT, RESPONDENT)),
        Row(
            K.REQUEST_EVIDENCE,
            (S.REPORTED, S.UNDER_REVIEW),
            (S.EVIDENCE_REQUESTED,),
            (SUPPORT,),
        ),
        Row(K.SUBMIT_EVIDENCE, (S.EVIDENCE_REQUESTED,), (S.UNDER_REVIEW,), (CLAIMANT,)),
        Row(K.CONTEST, (S.REPORTED,), (S.UNDER_REVIEW,), (RESPONDENT,)),
        Row(K.REVIEW, (S.REPORTED, S.EVIDENCE_REQUESTED), (S.UNDER_REVIEW,), (SUPPORT,)),
        Row(
            K.OFFER,
            (*_UNDECIDED, S.REFERRED_TO_INSURER),
            (S.OFFERED,),
            (RESPONDENT, SUPPORT),
        ),
        Row(K.ACCEPT, (S.OFFERED,), (S.SETTLED,), (CLAIMANT,)),
        Row(K.REFUSE, (S.OFFERED,), (S.UNDER_REVIEW,), (CLAIMANT,)),
        Row(K.REFER, _UNDECIDED, (S.REFERRED_TO_INSURER,), (RESPONDENT, SUPPORT)),
        Row(K.SETTLE, (S.REFERRED_TO_INSURER,), (S.SETTLED,), (CLAIMANT, SUPPORT)),
        Row(K.REJECT, (*_UNDECIDED, S.REFERRED_TO_INSURER), (S.REJECTED,), (SUPPORT,)),
        Row(K.WITHDRAW, OPEN, (S.WITHDRAWN,), (CLAIMANT,)),
        Row(
            K.LAPSE,
            (S.REPORTED, S.OFFERED, S.REFERRED_TO_INSURER),
            (S.UNDER_REVIEW,),
            (TIMER,),
        ),
        Row(K.EXPIRE, (S.EVIDENCE_REQUESTED,), (S.REJECTED,), (TIMER,)),
    ),
)

PATIENCE = {
    S.REPORTED: timedelta(days=7),
    S.EVIDENCE_REQUESTED: timedelta(days=14),
    S.OFFERED: timedelta(days=14),
    S.REFERRED_TO_INSURER: timedelta(days=90),
}
"""How long each side is waited for (rules of ours); a review has the deadline of its case."""
