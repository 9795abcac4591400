"""Helpers: their profiles, qualification, documents, availability, and the search for them."""
