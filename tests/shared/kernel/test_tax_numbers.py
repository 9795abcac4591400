"""Tax numbers of businesses."""

import pytest

from shared.kernel.tax_numbers import business_tax_number


@pytest.mark.parametrize(
    ("text", "country", "kept"),
    [
        ("DE 123 456 788", "DE", "DE123456788"),
        ("DE123456788-00001", "DE", "DE123456788-00001"),
        ("181/815/08155", "DE", "18181508155"),
        ("ATU13585627", "AT", "ATU13585627"),
        ("EL 094259216", "GR", "EL094259216"),
        ("CHE-123.456.788", "CH", "CHE123456788"),
        ("GB-12.34/5", "GB", "GB-12.34/5"),
    ],
)
def test_a_number_is_kept_in_one_form(text: str, country: str, kept: str):
    assert business_tax_number(text, country) == kept
    assert business_tax_number(kept, country) == kept


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("DE123456789", "DE"),
        ("DE123456789-00001", "DE"),
        ("DE123456788-1", "DE"),
        ("123456788", "DE"),
        ("ATU13585627", "DE"),
        ("DE123456788", "AT"),
        ("DE123456788", "CH"),
        ("CHE-123.456.789", "CH"),
        ("094259216", "GR"),
        ("12", "GB"),
        ("1" * 33, "GB"),
        ("1234;DROP", "GB"),
        ("", "GB"),
        ("", "DE"),
    ],
)
def test_what_is_no_businesss_number_is_refused_with_the_reason(text: str, country: str):
    with pytest.raises(ValueError, match=r"tax number of a business|capital letters"):
        business_tax_number(text, country)
