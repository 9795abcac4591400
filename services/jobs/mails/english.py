"""Jobs' mails in English."""

ENGLISH = {
    "tax_requested": (
        "Your tax data are needed by {due}",
        "your first paid appointment is near. Operators must report to the tax office who "
        "earned what; for this we need your legal name, date of birth, address, tax number "
        "and account. Please enter them by {due}; without them nobody can book you after that "
        "day. They are encrypted and seen by you and the report only.",
    ),
    "tax_reminded": (
        "Reminder: your tax data are missing",
        "we still need your tax data. Without them nobody can book you after {due}.",
    ),
    "tax_overdue": (
        "You cannot be booked at present",
        "your tax data are still missing. Until you enter them, nobody can book you; "
        "appointments that are booked stay.",
    ),
    "request": (
        "New request: {title}",
        "{other} asks for your help: {title} ({category}) in {city}. Please answer by {until}.",
    ),
    "offer": (
        "An offer for: {title}",
        "{other} offers {slot} for {price}. The offer is open until {until}.",
    ),
    "counter": (
        "A counter-offer for: {title}",
        "{other} proposes instead {slot} for {price}. Please answer by {until}.",
    ),
    "declined": (
        "Declined: {title}",
        "the helper cannot take your request. You can send it to the neighbourhood.",
    ),
    "expired": (
        "No answer: {title}",
        "nobody answered your request in time. You can send it to the neighbourhood.",
    ),
    "booked": (
        "Booked: {title}",
        "{slot} with {other}, for {price}. The agreement is ready for you.",
    ),
    "reschedule": (
        "Another time? {title}",
        "{other} would like to move the appointment to {slot}. Please answer by {until}; "
        "without an answer it stays as it is.",
    ),
    "rescheduled": (
        "Moved: {title}",
        "the new appointment with {other} is {slot}.",
    ),
    "confirm": (
        "Please confirm: {title}",
        "your appointment with {other} is {slot}. Please confirm that you will come.",
    ),
    "change": (
        "More is needed: {title}",
        "{other} proposes {minutes} more minutes and materials for {materials}. Nothing is "
        "charged unless you approve.",
    ),
    "delivered": (
        "Done: {title}",
        "{other} reports the work done. Please accept it or dispute it; after 48 hours it "
        "counts as accepted.",
    ),
    "unsuccessful": (
        "Not solved: {title}",
        "{other} could not do the work. If you see it differently, you can dispute it.",
    ),
    "cancelled": (
        "Cancelled: {title}",
        "{other} cancelled. If a reason is named that you do not share, please answer it.",
    ),
    "no_show": (
        "You were missed: {title}",
        "{other} says that you did not come. You can dispute this within 48 hours.",
    ),
    "disputed": (
        "Disputed: {title}",
        "{other} disputes the job. Please propose how to settle it; support can decide, too.",
    ),
    "settlement": (
        "A proposal to settle: {title}",
        "{other} proposes how to settle the dispute. It is settled when you say the same.",
    ),
    "resolved": (
        "Settled: {title}",
        "the dispute is settled. What was decided stands with the job.",
    ),
    "line_fault": (
        "The line is down: {title}",
        "our check found a fault on the line. Help on site could not do much on {slot}: "
        "please agree on another appointment, it costs nothing.",
    ),
}
