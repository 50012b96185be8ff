"""Which rules decide: a fingerprint of the matching's own code, kept with every decision.

A model is told by its version; the rules beside it (levels, vetoes, readings of names and places) are code. Two
decisions under one fingerprint and one model were taken by the same rules, on whatever machine.
"""

import hashlib
from functools import cache
from importlib import metadata, resources

_LIBRARIES = ("jellyfish", "rapidfuzz")
_SIGNS = 16


@cache
def fingerprint() -> str:
    """Return 16 hexadecimal signs that tell the rules of this version of the hub from those of any other.

    They are made of the source of `identity` but for its columns, which decide as it does, and of the versions of the
    libraries that compare words.
    """
    told = hashlib.sha256()
    for file in sorted(resources.files("identity").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".py"):
            told.update(f"{file.name}\n{file.read_text(encoding='utf-8')}\n".encode())
    for library in _LIBRARIES:
        told.update(f"{library} {metadata.version(library)}\n".encode())
    return told.hexdigest()[:_SIGNS]
