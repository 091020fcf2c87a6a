"""Paths from outside."""

from __future__ import annotations

import os
from pathlib import Path


def real_path(path: Path) -> Path:
    """`path` without links and `..`, absolute, as far as it exists.

    Unlike `Path.resolve`, links that lead in a circle stay what they are: whoever opens the path meets an OSError.
    """
    return Path(os.path.realpath(path))
