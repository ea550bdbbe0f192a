"""Fixtures of the ground floor's unit tests."""

import logging
import logging.config

import pytest
import structlog

from shop.logging import logging_config


@pytest.fixture
def log_lines(capsys):
    """Log as production does; read the lines."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level

    def lines(log_format):
        logging.config.dictConfig(logging_config(log_format=log_format, level="INFO"))
        return lambda: capsys.readouterr().out.splitlines()

    yield lines
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
