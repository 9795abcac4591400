"""What watches the platform: whom to ask, what to alarm about, what to show."""
