"""Identity by itself."""
