"""The five services. None of them imports another."""
