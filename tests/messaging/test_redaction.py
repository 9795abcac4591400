import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.messaging.model import MASK, redact


@pytest.mark.parametrize(
    "contact",
    [
        "0176 12345678",
        "+49 176 1234 5678",
        "0049 (0)176 / 12 34 56 78",
        "030/1234567",
        "0 1 7 6 1 2 3 4 5 6 7 8",
        "0-1-7-6-1-2-3-4-5-6-7-8",
        "0176*1234*5678",
        "0176\n1234\n5678",
        "49 176 12345678",
        "null eins sieben sechs eins zwei drei vier fünf sechs sieben acht",
        "nulleinssiebensechs12345678",
        "zero one seven six, one two three four five six seven eight",
        "zéro un sept six un deux trois quatre cinq six sept huit",
        "o176 1234 5678",
        "０１７６ １２３４５６７８",
        "٠١٧٦١٢٣٤٥٦٧٨",
        "0\u200b1\u200b7\u200b6\u200b12345678",
        "max.muster+hh@gmail.com",
        "max @ gmail.com",
        "max (at) gmail (punkt) com",
        "max[at]gmail[dot]com",
        "max at gmail dot com",
        "max＠gmail．com",
        "http://example.com/a?b=c",
        "HTTPS://EXAMPLE.COM",
        "www.example.xyz/foo",
        "example.com/foo",
        "example . com",
        "example punkt de",
        "wa.me/49176123",
        "DE89370400440532013000",
        "DE89 3704 0044 0532 0130 00",
        "D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0",
        "de89-3704-0044-0532-0130-00",
        "CH93 0076 2011 6238 5295 7",
    ],
)
def test_contact_details_are_taken_out(contact: str):
    assert redact(f"Hi, {contact}, ok?", "DE") == (f"Hi, {MASK}, ok?", True)


@pytest.mark.parametrize("number", ["079 123 45 67", "044 668 18 00", "null sieben neun 1234567"])
def test_numbers_of_the_tenants_country_are_known(number: str):
    assert redact(number, "CH") == (MASK, True)


@pytest.mark.parametrize(
    "text",
    [
        "Can you come on 24.12.2026 at 14:30, or 2026-12-27 from 08:00 to 10:00?",
        "My router is 192.168.178.1 and the box 10.0.0.138",
        "Fritz!Box 7590 AX, TV UE55AU7179, 50 Mbit, 15,00 EUR an hour",
        "One TV, two phones, drei Geräte, acht Stunden",
        "Serial 123456789012",
        "I am at home. Is that ok? z.B. am Montag.Es eilt.",
        "de 10 Minuten später komme ich zu Ihnen nach Hause",
        "10.000 Schritte, 3.5 GHz, Version 7.57.1",
        "Me @ home",
        "",
        "Übermorgen 🙂",
    ],
)
def test_what_people_must_be_able_to_say_stays(text: str):
    assert redact(text, "DE") == (text, False)


def test_everything_is_taken_out_at_once():
    text = "Tel 0176 12345678, mail a@b.de, IBAN DE89 3704 0044 0532 0130 00. Danke"
    assert redact(text, "DE") == (f"Tel {MASK}, mail {MASK}, IBAN {MASK}. Danke", True)


@pytest.mark.parametrize(
    "piece",
    ["1 ", "0 1 7 6 ", "(1", "a@", "a.", "a@a.", "eins", "de 12 ", "+49 176 123456", "0:", "x at "],
)
def test_a_hostile_text_takes_no_longer_than_others(piece: str):
    text = (piece * 4000)[:4000]
    redact("warm up 0176 12345678", "DE")
    begun = time.process_time()
    redact(text, "DE")
    assert time.process_time() - begun < 0.5


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_redacted_without_failing_and_says_so_truly(text: str):
    after, redacted = redact(text, "DE")
    assert redacted == (after != text) or MASK in text


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([" ", "-", ".", "/", " - ", "_", ", "]), min_size=10, max_size=10))
def test_a_number_is_caught_however_it_is_spaced(gaps: list[str]):
    spaced = "".join(digit + gap for digit, gap in zip("0176123456", gaps, strict=True)) + "78"
    after, redacted = redact(f"ruf {spaced} an", "DE")
    assert redacted
    assert sum(character.isdigit() for character in after) == 0
