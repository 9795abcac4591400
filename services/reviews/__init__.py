"""Reviews: what both sides of a job say about each other, and the rating it adds up to."""
