"""The rules of profiles: pure and synchronous, cut by behaviour."""
