"""The embedded stack of ``make run``, the servers of ``make test`` and the commands around them.

A program beside the shop, never imported by it: it starts the shop and its parts as child processes and talks to
them from outside. It imports no other room.
"""
