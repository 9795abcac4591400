"""The whole platform on one machine, for trials and tests."""
