"""Writes the reference pages; with ``--check`` only tells which ones are out of date, and ends with 1 if any is."""

import sys

from mixpanel_data.docs import FOLDER, drifted, pages


def main(arguments: list[str]) -> int:
    """The exit code."""
    written = pages()
    old = drifted(written)
    if "--check" in arguments:
        for name in old:
            print(f"{FOLDER / name} is out of date: make docs", file=sys.stderr)
        return 1 if old else 0
    for name in old:
        (FOLDER / name).write_text(written[name], encoding="utf-8")
    print(f"{len(old)} of {len(written)} pages in {FOLDER} have changed.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
