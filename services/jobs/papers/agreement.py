"""The agreement on paper: its terms in words, and its canonical text with the digest."""

import json

from services.jobs.model.agreement import Agreement
from services.jobs.papers.letterhead import Letterhead, Names
from services.jobs.papers.sheet import Sheet
from shared.http.fields import instant


def agreement_paper(agreement: Agreement, names: Names, head: Letterhead) -> bytes:
    """A PDF made of the agreement's text alone, which is also attached to it, byte by byte."""
    content = json.loads(agreement.text)
    agreed_at = instant(content["agreed_at"])
    sheet = Sheet(head, head.say("agreement"), agreed_at)
    status = head.say("trader" if content["trader_status"] == "trader" else "private")
    sheet.row(head.say("job"), content["job_id"])
    sheet.row(head.say("customer"), names.customer or head.say("nobody"))
    sheet.row(head.say("helper"), f"{names.helper or head.say('nobody')} ({status})")
    sheet.row(head.say("agreed_at"), head.moment(agreed_at))
    sheet.row(head.say("category"), head.category(content["category"]))
    sheet.row(head.say("title"), content["title"])
    if content["description"]:
        sheet.row(head.say("description"), content["description"])
    sheet.row(head.say("appointment"), head.slot(agreement.terms.slot))
    _price(sheet, agreement, head)
    _policies(sheet, content["policies"], head)
    sheet.heading(head.say("text"))
    sheet.note(head.say("text_note"))
    sheet.code(agreement.sha256)
    sheet.ln(2)
    sheet.code(agreement.text)
    sheet.embed_file(
        bytes=agreement.text.encode(),
        basename="agreement.json",
        mime_type="application/json",
        creation_date=agreed_at,
        modification_date=agreed_at,
    )
    return sheet.bytes()


def _price(sheet: Sheet, agreement: Agreement, head: Letterhead) -> None:
    terms = agreement.terms
    labour = head.say("labour", minutes=terms.minutes, rate=head.money(terms.hourly_rate))
    worked = agreement.price - terms.travel - terms.materials
    sheet.heading(head.say("price"))
    sheet.row(head.say("work"), labour, head.money(worked))
    for key, amount in (("travel", terms.travel), ("materials", terms.materials)):
        if amount.amount_minor:
            sheet.row(head.say(key), "", head.money(amount))
    sheet.row(head.say("price"), "", head.money(agreement.price), bold=True)
    sheet.note(head.say("rounding", currency=agreement.price.currency))
    sheet.note(head.say("paid_between"))


def _policies(sheet: Sheet, policies: dict[str, object], head: Letterhead) -> None:
    sheet.heading(head.say("cancellation"))
    sheet.note(head.say("free_at_first", minutes=policies["free_cancellation_minutes"]))
    tiers = policies["cancellation_tiers"]
    assert isinstance(tiers, list), "an agreement lists its tiers"
    ordered = sorted(tiers, key=lambda each: -each["hours_before"])
    if ordered[-1]["hours_before"]:
        # Later than every tier is one whole helper hour.
        ordered.append({"hours_before": 0, "fee_percent": 100})
    for tier in ordered:
        hours, percent = tier["hours_before"], tier["fee_percent"]
        key = "free" if not percent else "tier" if hours else "later"
        sheet.note(head.say(key, hours=hours, percent=percent))
    sheet.note(head.say("dispute", days=policies["dispute_window_days"]))
