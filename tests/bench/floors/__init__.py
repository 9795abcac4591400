"""The same work as a good engineer would write it by hand, without any of our promises."""
