"""The credit note on paper."""

from services.jobs.model.credit_notes import CreditNote
from services.jobs.papers.letterhead import Letterhead, Names
from services.jobs.papers.sheet import Sheet


def credit_note_paper(note: CreditNote, title: str, names: Names, head: Letterhead) -> bytes:
    """title is the job's; empty once it is forgotten."""
    sheet = Sheet(head, f"{head.say('credit_note')} {note.number}", note.issued_at)
    sheet.row(head.say("number"), note.number)
    sheet.row(head.say("issued_at"), head.moment(note.issued_at))
    sheet.row(head.say("refers_to"), f"{head.say('receipt')} {note.receipt_number}")
    sheet.row(head.say("helper"), names.helper or head.say("nobody"))
    sheet.row(head.say("customer"), names.customer or head.say("nobody"))
    sheet.row(head.say("job"), note.job_id)
    if title:
        sheet.row(head.say("title"), title)
    sheet.heading(head.say("price"))
    sheet.row(head.say("refund"), "", head.money(note.total), bold=True)
    sheet.note(head.say("paid_between"))
    return sheet.bytes()
