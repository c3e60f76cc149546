"""Whose router answers: two users, or two homes of one, may want the same port."""

import hashlib
import os
from pathlib import Path


def home_digest(home: Path) -> str:
    """A word for a home folder: the same by every way that leads there. `GET /health` needs no key, so not the path."""
    return hashlib.sha256(os.fsencode(os.path.realpath(home))).hexdigest()[:16]
