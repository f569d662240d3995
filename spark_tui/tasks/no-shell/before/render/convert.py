"""Hand a document to the converter."""

import subprocess
from pathlib import PurePath


class ConvertFailed(Exception):
    """The converter could not do it."""

    def __init__(self, source: str, message: str) -> None:
        super().__init__(f"{source}: {message}")
        self.source = source
        self.message = message


def convert(source: str, target: str) -> str:
    """Convert one file; returns the target. Raises ConvertFailed."""
    subprocess.run(f"convert-doc {source} {target}", shell=True)
    return target


def target_of(source: str, kind: str) -> str:
    """The name of the result: the same, with another ending."""
    return str(PurePath(source).with_suffix(f".{kind}"))
