"""Unit tests reach no server: a socket is an error."""

import pytest


@pytest.fixture(autouse=True)
def _no_sockets(socket_disabled):
    pass
