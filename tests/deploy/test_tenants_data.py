import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from deploy.tenants import BANKS, FOLDER, BadFileError, load, load_all, questions, skills
from shared.contracts.identity import CompensationRules, TenantFacts, TenantRules
from shared.kernel.geo import Point
from shared.kernel.money import Money

VODAFONE = FOLDER / "vodafone.yaml"
WIFI = BANKS / "wifi.yaml"
_bank = cache(questions)


def _changed(source: Path, tmp_path: Path, old: str, new: str) -> Path:
    text = source.read_text()
    assert old in text
    path = tmp_path / source.name
    path.write_text(text.replace(old, new, 1))
    return path


def _line_of(path: Path, text: str) -> int:
    return next(n for n, line in enumerate(path.read_text().splitlines(), 1) if text in line)


def _faults(path: Path) -> list[str]:
    with pytest.raises(BadFileError) as caught:
        load(path)
    assert str(caught.value) == "\n".join(caught.value.faults)
    return caught.value.faults


# --- the two tenants ------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["vodafone", "swisscom"])
def test_a_body_says_everything_that_a_tenants_facts_hold(slug: str) -> None:
    body = load(FOLDER / f"{slug}.yaml")
    rate, area = body.pop("hourly_rate"), body.pop("service_area")
    body["documents"] = {kind: text["version"] for kind, text in body["documents"].items()}
    facts = TenantFacts(
        slug=slug,
        hourly_rate_min=Money(**rate["min"]),
        hourly_rate_max=Money(**rate["max"]),
        centre=Point(**area["centre"]),
        radius_m=area["radius_m"],
        **body,
    )
    assert set(body["rules"]) == set(TenantRules.model_fields)
    assert facts.model_dump(include=set(body)) == body


def test_prices_and_insurance_are_those_of_the_two_operators() -> None:
    bodies = load_all()
    assert bodies["vodafone"]["hourly_rate"] == {
        "min": {"amount_minor": 700, "currency": "EUR"},
        "max": {"amount_minor": 3000, "currency": "EUR"},
    }
    assert bodies["swisscom"]["hourly_rate"]["max"] == {"amount_minor": 6000, "currency": "CHF"}
    assert not bodies["vodafone"]["rules"]["insurance_required"]
    assert bodies["swisscom"]["rules"]["insurance_required"]


def test_each_tenant_owes_by_its_own_rules_when_its_line_was_at_fault() -> None:
    owed = {slug: body["rules"]["compensation"] for slug, body in load_all().items()}
    assert owed["vodafone"]["customer"] == {"amount_minor": 1000, "currency": "EUR"}
    assert owed["swisscom"]["customer"] == {"amount_minor": 3000, "currency": "CHF"}
    assert (owed["vodafone"]["helper_percent"], owed["swisscom"]["helper_percent"]) == (100, 50)


@pytest.mark.parametrize("written", ["DE 123 456 788", "DE-123.456.788", "DE123456788"])
def test_a_tax_number_is_sent_as_it_is_kept(tmp_path: Path, written: str) -> None:
    path = _changed(VODAFONE, tmp_path, "DE123456788", written)
    assert load(path)["tax_number"] == "DE123456788"


def test_a_file_from_before_these_rules_is_read_with_our_own(tmp_path: Path) -> None:
    text = VODAFONE.read_text()
    kept = [
        line for line in text.splitlines() if not re.match(r"(  compensation|tax_number):", line)
    ]
    path = tmp_path / "vodafone.yaml"
    path.write_text("\n".join(kept))
    body = load(path)
    assert body["rules"]["compensation"] == CompensationRules().model_dump()
    assert body["tax_number"] == ""


@pytest.mark.parametrize("slug", ["vodafone", "swisscom"])
def test_the_most_frequent_jobs_come_first_and_each_has_a_bank(slug: str) -> None:
    offered = [category["slug"] for category in load_all()[slug]["categories"]]
    assert offered[:3] == ["wifi", "tv", "computer"]
    assert sorted(offered) == skills()


def test_every_tenant_of_the_folder_is_loaded() -> None:
    assert set(load_all()) == {path.stem for path in FOLDER.glob("*.yaml")}


# --- what a tenant's file must not say ------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "at", "complaint"),
    [
        (
            "min: 700, max: 3000",
            "min: 3000, max: 3000",
            None,
            "hourly_rate.min: must be less than max",
        ),
        ("min: 700", 'min: "700"', None, "hourly_rate.min: must be a whole number of minor units"),
        ("min: 700", "min: 7.50", None, "hourly_rate.min: must be a whole number of minor units"),
        ("min: 700", "min: 0", None, "hourly_rate.min.amount_minor: must be more than 0"),
        (
            "min: 700",
            "min: {amount_minor: 700, currency: CHF}",
            None,
            "hourly_rate.min.currency: must be EUR, the tenant's currency",
        ),
        ("currency: EUR", "currency: EURO", None, "currency: must be an ISO 4217 currency"),
        ("Europe/Berlin", "Europe/Bärlin", None, "time_zone: must be an IANA time zone"),
        ("Europe/Berlin", "localtime", None, "time_zone: must be an IANA time zone"),
        ("country: DE", "country: de", None, "country: must be an ISO 3166 country code"),
        ('"#e60000"', "red", None, "brand.primary_colour: must be a colour as #rrggbb"),
        ('"#e60000"', '"#E60000"', None, "brand.primary_colour: must be a colour as #rrggbb"),
        ("support@vodafone.example", "support", None, "brand.support_email: must be an e-mail"),
        ("+49 30 23125 000", "030 23125", None, "brand.support_phone: must be a telephone number"),
        ("  support_phone", "  support_fax", None, "brand.support_fax: is not a known field"),
        (
            "- service-friends.localhost",
            "- vodafone.localhost",
            None,
            "hosts[1]: stands there twice",
        ),
        ("- service-friends", "- https://service-friends", None, "hosts[1]: must be a host name"),
        ("slug: vodafone", "slug: orange", None, "slug: must be vodafone, as the file is named"),
        ("lat: 52.5200", "lat: 152.5200", None, "service_area.centre.lat: must be at most 90"),
        (
            "radius_m: 60000",
            "radius_m: sixty",
            None,
            "service_area.radius_m: must be a whole number",
        ),
        ("pass_mark: 0.7", "pass_mark: 70", None, "rules.pass_mark: must be at most 1"),
        (
            "insurance_required: false",
            "insurance_required: no",
            None,
            "rules.insurance_required: must be true or false",
        ),
        (
            "hours_before: 24, fee_percent: 0",
            "hours_before: 0, fee_percent: 0",
            "hours_before: 0, fee_percent: 100",
            "rules.cancellation_tiers[1].hours_before: must be less than in the tier before",
        ),
        (
            "hours_before: 0, fee_percent: 100",
            "hours_before: 2, fee_percent: 100",
            None,
            "rules.cancellation_tiers[1].hours_before: must be 0 in the last tier",
        ),
        ("Mo-Fr 08:00-20:00", "always", None, "rules.support_hours: must look like Mo-Fr"),
        (
            "helper_percent: 100",
            "helper_percent: 1001",
            None,
            "rules.compensation.helper_percent: must be at most 1000",
        ),
        (
            "helper_percent: 100",
            "helper_percent: -1",
            None,
            "rules.compensation.helper_percent: must be at least 0",
        ),
        (
            "helper_percent: 100",
            "helper_percent: 12.5",
            None,
            "rules.compensation.helper_percent: must be a whole number",
        ),
        (
            "helper_travel: true",
            "helper_travel: yes",
            None,
            "rules.compensation.helper_travel: must be true or false",
        ),
        (
            "customer: 1000",
            "customer: -1",
            None,
            "rules.compensation.customer.amount_minor: must be at least 0",
        ),
        (
            "customer: 1000",
            "customer: 9.99",
            None,
            "rules.compensation.customer: must be a whole number of minor units",
        ),
        (
            "customer: 1000",
            "customer: {amount_minor: 1000, currency: CHF}",
            None,
            "rules.compensation.customer.currency: must be EUR, the tenant's currency",
        ),
        (
            "customer: 1000",
            "neighbour: 1000",
            None,
            "rules.compensation.neighbour: is not a known field",
        ),
        ("DE123456788", "DE123456789", None, "tax_number: is no tax number of a business in DE"),
        ('"DE123456788"', "123456788", None, "tax_number: must be text"),
        ("de: Smart Home, ", "", None, "categories[4].names.de: is required"),
        ("en: Smart home", "en: Smart home, tr: Ev", None, "categories[4].names.tr: is not one of"),
        ("- slug: tv", "- slug: wifi", None, "categories[1].slug: stands there twice"),
        ("currency: EUR", "currency: EUR\ncurrency: EUR", None, "currency: stands there twice"),
        ("currency: EUR", "currency: !!str EUR", None, "aliases and tags are not allowed"),
        ("name: Vodafone", 'name: "Voda\\u202efone"', None, "brand.name: must not contain control"),
        (", max: 3000}", ", max: 3000", None, ""),
    ],
)
def test_a_fault_is_named_with_its_line_and_rule(
    tmp_path: Path, old: str, new: str, at: str | None, complaint: str
) -> None:
    path = _changed(VODAFONE, tmp_path, old, new)
    (fault,) = _faults(path)
    if complaint:
        line = _line_of(path, at) if at else _line_of(VODAFONE, old)
        assert fault.startswith(f"vodafone.yaml:{line}: {complaint}")
    else:
        assert re.match(r"vodafone\.yaml:\d+: expected", fault)


def test_a_missing_field_is_laid_at_its_parents_door(tmp_path: Path) -> None:
    path = _changed(VODAFONE, tmp_path, "  name: Vodafone\n", "")
    assert _faults(path) == [f"vodafone.yaml:{_line_of(path, 'brand:')}: brand.name: is required"]


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    path = _changed(VODAFONE, tmp_path, "country: DE", "country: XX\ncolour: red")
    path = _changed(path, tmp_path, "Europe/Berlin", "Berlin")
    assert len(_faults(path)) == 3


def test_norway_is_a_country_and_not_a_refusal(tmp_path: Path) -> None:
    path = _changed(VODAFONE, tmp_path, "country: DE", "country: NO")
    assert load(path)["country"] == "NO"


def test_an_amount_may_name_the_tenants_currency_itself(tmp_path: Path) -> None:
    path = _changed(VODAFONE, tmp_path, "min: 700", "min: {amount_minor: 700, currency: EUR}")
    assert load(path) == load(VODAFONE)


def test_a_host_of_two_tenants_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vodafone.yaml").write_text(VODAFONE.read_text())
    _changed(FOLDER / "swisscom.yaml", tmp_path, "swisscom.localhost", "vodafone.localhost")
    with pytest.raises(BadFileError, match=r"is a host of swisscom\.yaml already") as caught:
        load_all(tmp_path)
    line = _line_of(VODAFONE, "- vodafone.localhost")
    assert caught.value.faults[0].startswith(f"vodafone.yaml:{line}: hosts[0]: ")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "vodafone.yaml:1: must be a mapping of fields"),
        (b"- vodafone", "vodafone.yaml:1: must be a mapping of fields"),
        (b"slug: \xff", "vodafone.yaml: must be UTF-8 text"),
        (b"slug: \x07", "vodafone.yaml: must hold printable characters only"),
        (b"a: &a 1\nb: *a", "vodafone.yaml:2: aliases and tags are not allowed"),
        (b"a: " + b"[" * 5000, "vodafone.yaml: is nested too deeply"),
    ],
)
def test_what_is_no_tenant_at_all_is_one_clear_line(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "vodafone.yaml"
    path.write_bytes(content)
    assert _faults(path) == [complaint]


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    (fault,) = _faults(tmp_path / "orange.yaml")
    assert fault.endswith("orange.yaml: cannot be read: No such file or directory")


# --- the question banks ---------------------------------------------------------------------


@pytest.mark.parametrize("skill", ["wifi", "tv", "computer", "smartphone"])
def test_the_banks_of_the_frequent_jobs_hold_thirty_questions(skill: str) -> None:
    assert len(_bank(skill)["questions"]) >= 30


@pytest.mark.parametrize("skill", skills())
def test_every_bank_is_sound(skill: str) -> None:
    bank = _bank(skill)
    assert (bank["skill"], bank["version"]) == (skill, 2)
    for question in bank["questions"]:
        assert [option.get("right") for option in question["options"]].count(True) == 1
        assert [option["id"] for option in question["options"]] == ["a", "b", "c", "d"]
        for text in [question["text"], *(option["text"] for option in question["options"])]:
            assert set(text) == {"de", "en", "fr"}


def test_no_question_is_asked_in_two_banks() -> None:
    for locale in ("de", "en", "fr"):
        texts = Counter(
            question["text"][locale] for skill in skills() for question in _bank(skill)["questions"]
        )
        assert texts.most_common(1)[0][1] == 1


@pytest.mark.parametrize("skill", skills())
def test_the_place_of_the_right_option_tells_nothing(skill: str) -> None:
    bank = _bank(skill)["questions"]
    places = Counter(
        next(place for place, option in enumerate(question["options"]) if option.get("right"))
        for question in bank
    )
    assert max(places.values()) - min(places[place] for place in range(4)) <= 1


@pytest.mark.parametrize("skill", skills())
@pytest.mark.parametrize("locale", ["de", "en", "fr"])
@pytest.mark.parametrize("extreme", [max, min])
def test_who_picks_by_length_fails(skill: str, locale: str, extreme: type) -> None:
    bank = _bank(skill)["questions"]
    hits = sum(
        bool(extreme(question["options"], key=lambda each: len(each["text"][locale])).get("right"))
        for question in bank
    )
    assert hits / len(bank) < 0.5


@pytest.mark.parametrize("skill", skills())
def test_french_has_its_no_break_spaces(skill: str) -> None:
    for question in _bank(skill)["questions"]:
        for text in [question["text"], *(option["text"] for option in question["options"])]:
            assert not re.search(r" [?!:;»%]|« |[^\s\u00a0\d][?!;]|'", text["fr"]), text["fr"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("id: q02", "id: q01", "questions[1].id: stands there twice"),
        ("id: q02", "id: range", "questions[1].id: String should match pattern '^q[0-9]{2,3}$'"),
        ("right: true", "right: false", "questions[0].options[3].right: must be True"),
        ("right: true", "wrong: true", "questions[0].options[3].wrong: is not a known field"),
        ("- id: b\n", "- id: a\n", "questions[0].options[1].id: stands there twice"),
        ("      de: Was macht Band Steering?\n", "", "questions[0].text.de: is required"),
        ("      fr: Que fait", "      it: Che fa", "questions[0].text.it: is not a known field"),
        ("version: 2", "version: 0", "version: must be at least 1"),
        ("skill: wifi", "skill: wlan", "skill: must be wifi, as the file is named"),
    ],
)
def test_an_unsound_bank_is_refused_with_line_and_rule(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    _changed(WIFI, tmp_path, old, new)
    with pytest.raises(BadFileError) as caught:
        questions("wifi", tmp_path)
    assert any(
        re.fullmatch(rf"wifi\.yaml:\d+: {re.escape(complaint)}", fault)
        for fault in caught.value.faults
    ), caught.value.faults


def test_two_right_options_are_refused_at_the_line_of_the_second(tmp_path: Path) -> None:
    path = _changed(WIFI, tmp_path, "- id: a\n", "- id: a\n        right: true\n")
    with pytest.raises(BadFileError) as caught:
        questions("wifi", tmp_path)
    second = [n for n, line in enumerate(path.read_text().splitlines(), 1) if "right: true" in line]
    assert caught.value.faults == [
        f"wifi.yaml:{second[1]}: questions[0].options[3].right: must be the only one that is right"
    ]


def test_no_right_option_is_refused(tmp_path: Path) -> None:
    _changed(WIFI, tmp_path, "        right: true\n", "")
    with pytest.raises(BadFileError, match=r"questions\[0\]\.options: must have one option with"):
        questions("wifi", tmp_path)


def test_two_options_with_the_same_words_are_refused(tmp_path: Path) -> None:
    text = "Es begrenzt die Datenrate je Gerät"
    other = "Es bündelt zwei Internetanschlüsse zu einer schnelleren Leitung"
    _changed(WIFI, tmp_path, other, text)
    with pytest.raises(BadFileError, match=r"options\[2\]\.text\.de: stands there twice"):
        questions("wifi", tmp_path)
