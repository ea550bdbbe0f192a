"""Which images a commit needs, and which each stage gets: ``python3 -m deploy.versions COMMIT`` for the pipeline.

Prints lines for GitHub's ``$GITHUB_OUTPUT``. Standard library only.
"""

import json
import sys

from deploy.config import STAGES


def lines(commit: str) -> list[str]:
    """Return ``images=`` (JSON: tag and lock file of each image to build) and, for each stage, ``<name>=<tag>``."""
    tag = commit[:12]
    images = {f"{tag}{stage.variant}": stage.requirements for stage in STAGES.values()}
    listed = [{"tag": each, "requirements": lock} for each, lock in sorted(images.items())]
    return [
        f"images={json.dumps(listed)}",
        *(f"{stage.name}={tag}{stage.variant}" for stage in STAGES.values()),
    ]


if __name__ == "__main__":
    print(*lines(sys.argv[1]), sep="\n")
