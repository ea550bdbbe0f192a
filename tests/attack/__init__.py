"""Attacks on a running shop over HTTP: a table of them, who sends them, and what must be true after each."""
