"""The events of all services, owned by their publishers; nothing else lives here."""

from shared.contracts import audit, base, identity, jobs, messaging, privacy, profiles, reviews

PUBLISHERS = (identity, profiles, jobs, messaging, reviews, audit, privacy)
"""Importing the package registers every event, so that any of them can be decoded."""

Event = base.Event
Delivered = base.Delivered

__all__ = ["PUBLISHERS", "Delivered", "Event"]
