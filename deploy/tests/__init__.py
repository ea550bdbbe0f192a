"""Tests of the templates that deploy/check.py made: each promise of the deployment, and that nothing beside it is open."""
