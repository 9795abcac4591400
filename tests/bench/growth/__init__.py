"""What a search, a command, a page and a story cost while the platform fills: ``make growth``."""
