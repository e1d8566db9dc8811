"""A command whose argument is SQL, which may begin with a comment."""

import re
from typing import Any

from typer.core import TyperCommand

_COMMENT = re.compile(r"--[^=]*\s")


class StatementCommand(TyperCommand):
    """Takes an argument such as ``-- users of a day``, with a space, as SQL, not as an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        comments = [text for text in args[:end] if _COMMENT.match(text)]
        if comments:
            others = [text for text in args[:end] if text not in comments]
            args = [*others, "--", *comments, *args[end + 1 :]]
        return super().parse_args(ctx, args)
