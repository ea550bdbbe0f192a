"""The committed OpenAPI document, against the specification's own schema (slow, so not among the unit tests)."""

from pathlib import Path

import openapi_spec_validator
import yaml

SCHEMA = Path(__file__).resolve().parents[2] / "openapi.yaml"


def test_the_committed_schema_is_valid_openapi_31():
    document = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))

    assert document["openapi"].startswith("3.1.")
    openapi_spec_validator.validate(document)
