"""Identity's rules, without any machinery."""

from datetime import timedelta

import pytest

from services.identity.model import LoginFailures, Session, Tenant, normalise_email
from services.identity.model.account import AlreadySuspended, NotSuspended
from services.identity.model.login import FAILURES_PER_ACCOUNT
from shared.contracts.identity import (
    AccountReinstated,
    AccountSuspended,
    AccountUpdated,
    AccountVerified,
    TenantConfigured,
)
from shared.kernel.errors import Limited
from tests.identity.builders import NOON, an_account
from tests.tenants import VODAFONE


def test_the_right_code_verifies_the_address_once():
    account = an_account()
    later = NOON + timedelta(minutes=1)
    assert account.answer(right=True, at=later) == [AccountVerified(account.facts())]
    assert account.verified_at == later
    assert account.answer(right=True, at=later) == []


def test_the_fifth_wrong_code_ends_the_code():
    account = an_account()
    for _ in range(5):
        assert account.answer(right=False, at=NOON) == []
    assert account.answer(right=True, at=NOON) == []
    assert not account.email_verified


def test_a_code_is_good_for_ten_minutes():
    account = an_account()
    assert account.answer(right=True, at=NOON + timedelta(minutes=10)) == []
    assert not account.email_verified


def test_another_code_is_sent_once_a_minute():
    account = an_account()
    with pytest.raises(Limited) as refusal:
        account.challenge_again(NOON + timedelta(seconds=20))
    assert refusal.value.retry_after == 40
    account.challenge_again(NOON + timedelta(minutes=1))
    assert account.challenge is not None
    assert account.challenge.number == 2


def test_a_new_code_brings_five_new_tries():
    account = an_account()
    for _ in range(5):
        account.answer(right=False, at=NOON)
    account.challenge_again(NOON + timedelta(minutes=2))
    assert account.answer(right=True, at=NOON + timedelta(minutes=3))


def test_editing_to_the_same_values_is_no_event():
    account = an_account()
    assert account.edit(display_name="Ada Berger", language=None) == []
    assert account.edit(display_name="Ada B.", language="en") == [AccountUpdated(account.facts())]
    assert (account.display_name, account.language) == ("Ada B.", "en")


def test_a_role_is_granted_once_and_roles_keep_their_order():
    account = an_account()
    assert account.grant("support") == [AccountUpdated(account.facts())]
    account.grant("helper")
    assert account.roles == ["customer", "helper", "support"]
    assert account.grant("helper") == []


def test_suspension_ends_the_tokens_and_reinstatement_ends_the_suspension():
    account = an_account()
    assert account.suspend("abuse", NOON) == [AccountSuspended(account.facts())]
    assert account.facts().status == "suspended"
    assert account.tokens_valid_from == NOON + timedelta(seconds=1)
    with pytest.raises(AlreadySuspended):
        account.suspend("again", NOON)
    assert account.reinstate("a mistake") == [AccountReinstated(account.facts())]
    with pytest.raises(NotSuspended):
        account.reinstate("a mistake")


def test_addresses_differ_by_more_than_case():
    assert normalise_email(" Ada@People.Example ") == normalise_email("ada@people.example")
    assert normalise_email("ada+x@people.example") != normalise_email("ada@people.example")


def test_the_eleventh_failure_closes_the_door_until_the_first_is_forgotten():
    failures = LoginFailures(id="x")
    for minute in range(FAILURES_PER_ACCOUNT):
        failures.add(NOON + timedelta(minutes=minute))
    failures.check(FAILURES_PER_ACCOUNT, NOON + timedelta(minutes=10))
    failures.add(NOON + timedelta(minutes=10))
    with pytest.raises(Limited) as refusal:
        failures.check(FAILURES_PER_ACCOUNT, NOON + timedelta(minutes=11))
    assert refusal.value.retry_after == 4 * 60
    failures.check(FAILURES_PER_ACCOUNT, NOON + timedelta(minutes=15))


def a_session() -> Session:
    return Session(
        id="ses_1",
        account_id="acc_1",
        token_hash="first",
        started_at=NOON,
        expires_at=NOON + timedelta(days=30),
    )


def test_a_refresh_token_is_exchanged_and_lives_on():
    session = a_session()
    assert session.rotate("first", "second", NOON + timedelta(days=29))
    assert session.expires_at == NOON + timedelta(days=59)
    assert session.rotate("second", "third", NOON + timedelta(days=30))


def test_a_used_refresh_token_ends_the_session_for_both():
    session = a_session()
    session.rotate("first", "second", NOON)
    assert not session.rotate("first", "thief", NOON)
    assert not session.rotate("second", "owner", NOON)


def test_an_expired_session_is_over():
    assert not a_session().rotate("first", "second", NOON + timedelta(days=30))


def test_a_tenant_configured_alike_is_no_event():
    tenant, events = Tenant.configured(VODAFONE)
    assert events == [TenantConfigured(VODAFONE)]
    assert tenant.configure(VODAFONE) == []
    changed = VODAFONE.model_copy(update={"radius_m": 1234})
    assert tenant.configure(changed) == [TenantConfigured(changed)]
    assert tenant.configuration() == changed
