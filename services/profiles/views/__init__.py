"""How profiles shows what it has, cut by what is shown."""
