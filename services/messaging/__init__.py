"""Messaging: the talk between customers and helpers, before and around a job."""
