"""How Helphood is built, run and looked after; no service imports anything from here."""
