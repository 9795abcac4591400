"""The receipt on paper."""

from services.jobs.model.receipts import Receipt
from services.jobs.papers.letterhead import Letterhead, Names
from services.jobs.papers.sheet import Sheet


def receipt_paper(receipt: Receipt, title: str, names: Names, head: Letterhead) -> bytes:
    """title is the job's; empty once it is forgotten."""
    number = f"{head.say('receipt')} {receipt.number}"
    sheet = Sheet(head, number, receipt.issued_at)
    sheet.row(head.say("number"), receipt.number)
    sheet.row(head.say("issued_at"), head.moment(receipt.issued_at))
    sheet.row(head.say("helper"), names.helper or head.say("nobody"))
    sheet.row(head.say("customer"), names.customer or head.say("nobody"))
    sheet.row(head.say("job"), receipt.job_id)
    if title:
        sheet.row(head.say("title"), title)
    sheet.heading(head.say("price"))
    for line in receipt.lines:
        if line.kind == "labour" and line.hourly_rate is not None:
            words = head.say("labour", minutes=line.minutes, rate=head.money(line.hourly_rate))
            sheet.row(head.say("work"), words, head.money(line.amount))
        else:
            sheet.row(head.say(line.kind), "", head.money(line.amount))
    sheet.row(head.say("total"), "", head.money(receipt.total), bold=True)
    sheet.note(head.say("rounding", currency=receipt.total.currency))
    sheet.note(head.say("paid_between"))
    return sheet.bytes()
