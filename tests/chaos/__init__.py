"""Faults on purpose: a private world of real servers, proxies that lie in between, a catalogue of faults, a report.

``python -m tests.chaos`` (``make chaos``) runs the catalogue; see docs/reliability.md.
"""
