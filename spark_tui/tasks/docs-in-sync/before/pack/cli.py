"""`pack`: folders into archives, 4 at a time, with 4 retries for a busy disk."""

import argparse


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    made = argparse.ArgumentParser(prog="pack")
    made.add_argument("folders", nargs="+", help="what to pack")
    made.add_argument(
        "--jobs", type=int, default=4, metavar="N", help="folders at a time (default: 4)"
    )
    made.add_argument(
        "--retries", type=int, default=4, metavar="N", help="tries on a busy disk (default: 4)"
    )
    return made
