"""Tests of the HTTP edge, on a small application of their own."""
