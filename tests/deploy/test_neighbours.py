import io
import subprocess
import sys
from collections import Counter
from dataclasses import FrozenInstanceError
from itertools import pairwise
from statistics import median
from typing import Any

import pytest
from babel import Locale
from email_validator import validate_email
from PIL import Image

from deploy.local.neighbours import Neighbour, berlin, portrait, zurich
from deploy.tenants import load_all
from shared.kernel.geo import Point

TENANTS = load_all()
EVERYBODY = [*berlin(), *zurich()]


def _tenant(neighbour: Neighbour) -> dict[str, Any]:
    return TENANTS[neighbour.tenant]


def test_sixty_live_in_berlin_and_forty_around_zurich() -> None:
    assert Counter(each.tenant for each in EVERYBODY) == {"vodafone": 60, "swisscom": 40}


def test_nobody_is_there_twice() -> None:
    for name in ("email", "display_name"):
        assert Counter(getattr(each, name) for each in EVERYBODY).most_common(1)[0][1] == 1


def test_another_process_meets_the_same_people() -> None:
    script = "from deploy.local.neighbours import *; print(repr([*berlin(3), *zurich(3)]))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == repr([*berlin(3), *zurich(3)])


def test_fewer_are_the_first_of_all() -> None:
    assert berlin(7) == berlin()[:7]
    assert zurich(0) == []


def test_more_than_live_there_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 60"):
        berlin(61)


def test_a_neighbour_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        EVERYBODY[0].email = "other@neighbours.example"  # type: ignore[misc]


@pytest.mark.parametrize("each", EVERYBODY, ids=lambda each: each.email)
def test_a_profile_is_one_that_the_tenant_accepts(each: Neighbour) -> None:
    tenant, profile = _tenant(each), each.profile()
    band, area = tenant["hourly_rate"], tenant["service_area"]
    assert profile["hourly_rate"]["currency"] == tenant["currency"]
    low, high = band["min"]["amount_minor"], band["max"]["amount_minor"]
    assert low <= profile["hourly_rate"]["amount_minor"] <= high
    home = Point(**profile["place"])
    assert home.distance_m(Point(**area["centre"])) + each.radius_m < area["radius_m"]
    assert 3_000 <= profile["radius_m"] <= 15_000
    assert 15 <= profile["min_minutes"] <= 480
    assert 1 <= len(set(profile["skills"])) == len(profile["skills"]) <= 4
    assert set(profile["skills"]) <= {category["slug"] for category in tenant["categories"]}
    assert set(profile["languages"]) <= set(Locale("en").languages)
    assert each.language in tenant["locales"]
    assert 10 <= len(profile["headline"]) <= 80
    assert 100 <= len(profile["bio"]) <= 4_000
    assert "{" not in profile["headline"] + profile["bio"]
    assert profile["trader_status"] in ("private", "trader")


@pytest.mark.parametrize("each", EVERYBODY, ids=lambda each: each.email)
def test_an_account_can_be_made_of_it(each: Neighbour) -> None:
    assert validate_email(each.email, check_deliverability=False).normalized == each.email
    assert each.email.endswith("@neighbours.example")
    assert each.display_name == f"{each.first_name} {each.last_name[0]}."


@pytest.mark.parametrize("each", EVERYBODY, ids=lambda each: each.email)
def test_a_week_has_hours_that_do_not_overlap(each: Neighbour) -> None:
    week = [(hours.weekday, hours.start, hours.end) for hours in each.weekly]
    assert len(week) >= 3
    assert all(1 <= day <= 7 and start < end <= "24:00" for day, start, end in week)
    assert all(one[0] < two[0] or one[2] <= two[1] for one, two in pairwise(week))


def test_prices_spread_over_the_band_with_most_below_its_upper_third() -> None:
    for people in (berlin(), zurich()):
        band = _tenant(people[0])["hourly_rate"]
        low, high = band["min"]["amount_minor"], band["max"]["amount_minor"]
        shares = [(each.hourly_rate.amount_minor - low) / (high - low) for each in people]
        assert 0.3 < median(shares) < 0.6
        assert min(shares) < 0.2
        assert max(shares) > 0.75


def test_most_are_private_but_not_all() -> None:
    traders = sum(each.trader_status == "trader" for each in EVERYBODY)
    assert 3 <= traders <= 20


def test_the_frequent_jobs_find_the_most_helpers() -> None:
    for people in (berlin(), zurich()):
        offered = Counter(skill for each in people for skill in each.skills)
        rare = max(offered["printer"], offered["smart_home"])
        assert min(offered["wifi"], offered["tv"], offered["computer"]) > rare
        assert min(offered[each["slug"]] for each in _tenant(people[0])["categories"]) >= 3


def test_some_around_zurich_write_french() -> None:
    french = [each for each in zurich() if each.language == "fr"]
    assert 2 <= len(french) <= 8
    assert all("J’" in each.bio or "Je " in each.bio for each in french)


def test_quarters_are_spread_and_neighbours_live_in_them() -> None:
    assert len({each.quarter for each in berlin()}) == 40
    assert len({each.quarter for each in zurich()}) >= 35
    for one in EVERYBODY:
        for other in EVERYBODY:
            if one.quarter == other.quarter and one.tenant == other.tenant:
                assert one.place.distance_m(other.place) <= 1_001
    assert len({each.place for each in EVERYBODY}) == len(EVERYBODY)


def test_a_portrait_is_a_jpeg_of_the_same_face_every_time() -> None:
    for each in EVERYBODY[:5]:
        drawn = portrait(each)
        assert drawn == portrait(each)
        with Image.open(io.BytesIO(drawn)) as image:
            assert (image.format, image.size, image.mode) == ("JPEG", (512, 512), "RGB")


def test_neighbours_do_not_look_alike() -> None:
    assert len({portrait(each) for each in EVERYBODY[:20]}) >= 18
