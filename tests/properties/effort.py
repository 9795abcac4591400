"""How hard the machines try: the same examples each time, or many new ones."""

import os

from hypothesis import HealthCheck, Phase, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "stable",
    max_examples=30,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=_SLOW,
)
settings.register_profile(
    "long",
    max_examples=2_000,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=_SLOW,
    print_blob=True,
)


def effort() -> settings:
    """Of the profile named by HYPOTHESIS_PROFILE; without one, the examples are always the same."""
    return settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "stable"))


def until_it_breaks() -> settings:
    """For a machine that must fail: the same examples each time; none is made smaller."""
    return settings(
        settings.get_profile("stable"),
        max_examples=150,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        database=None,
    )
