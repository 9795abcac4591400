"""Every row of the performance table, measured side by side in one run: ``make bench``."""
