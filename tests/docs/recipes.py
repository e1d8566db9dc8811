"""Runs the recipes of docs/recipes.md over the sandbox's shop.

``python tests/docs/recipes.py`` writes the results into the page: ``make recipes``.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from mixpanel_data.sandbox import Dataset, Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
DAYS = 60
TODAY = date(2026, 3, 2)
"""The shop's last event is of the day before."""

_RECIPE = re.compile(
    r"^## (?P<title>.+?)\n(?P<text>.*?)```sql\n(?P<sql>.*?)```\n\n```text\n(?P<result>.*?)```\n",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Recipe:
    """A question, the SQL that answers it, and the result that the page shows."""

    title: str
    sql: str
    result: str


def read_recipes(page: str) -> list[Recipe]:
    """The recipes of the page, in order."""
    return [
        Recipe(found["title"], found["sql"], found["result"]) for found in _RECIPE.finditer(page)
    ]


Run = Callable[..., "subprocess.CompletedProcess[str]"]
"""How `mp` ended with these arguments, and with ``env`` and ``cwd``."""


def start_program(
    arguments: Sequence[str], *, env: dict[str, str], cwd: Path
) -> "subprocess.CompletedProcess[str]":
    """How `mp` ended in a process of its own."""
    program = str(Path(sys.executable).with_name("mp"))
    return subprocess.run(
        [program, *arguments], env=env, cwd=cwd, capture_output=True, text=True, check=False
    )


def build_shop(folder: Path, run: Run) -> None:
    """Publish the shop's 60 days up to 1 March 2026 in a data folder."""
    with Sandbox(Dataset.sample(today=TODAY, days=DAYS)) as sandbox:
        first, last = TODAY - timedelta(days=DAYS), TODAY - timedelta(days=1)
        env = sandbox.env() | {"MP_DATA_DIR": str(folder)}
        _run(run, folder, env, "sync", "--from", str(first), "--to", str(last))


@contextmanager
def shop(run: Run = start_program) -> Iterator[Path]:
    """The shop in a temporary data folder."""
    with tempfile.TemporaryDirectory(prefix="mp-recipes-") as folder:
        build_shop(Path(folder), run)
        yield Path(folder)


def run_recipe(recipe: Recipe, folder: Path, run: Run = start_program) -> str:
    """What `mp query sql` prints, without the spaces around it."""
    env = {"MP_DATA_DIR": str(folder)}
    printed = _run(run, folder, env, "query", "sql", recipe.sql)
    lines = [line.removeprefix(" ").rstrip() for line in printed.splitlines()]
    return "".join(f"{line}\n" for line in lines if line)


def write_results(folder: Path, page: Path = PAGE) -> None:
    """Write the results of today's code into the page."""

    def with_result(found: re.Match[str]) -> str:
        recipe = Recipe(found["title"], found["sql"], found["result"])
        before = found[0][: found.start("result") - found.start()]
        return before + run_recipe(recipe, folder) + "```\n"

    text = page.read_text("utf-8")
    page.write_text(_RECIPE.sub(with_result, text), "utf-8")


def _run(run: Run, folder: Path, env: dict[str, str], *arguments: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
    config = {"MP_CONFIG_PATH": str(folder / "accounts.toml")}
    done = run(arguments, env=clean | config | env, cwd=folder)
    if done.returncode:
        raise RuntimeError(f"mp {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    if given := sys.argv[1:]:
        write_results(Path(given[0]))
    else:
        with shop() as made:
            write_results(made)
