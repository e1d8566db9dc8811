"""The recipes of docs/recipes.md run over the sandbox's shop, and give the results shown."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support import warm_dbt, warm_mp

from . import recipes

PAGE = recipes.PAGE.read_text("utf-8")
RECIPES = recipes.read_recipes(PAGE)


def test_each_recipe_has_a_question_sql_and_a_result_with_rows() -> None:
    titles = [line.removeprefix("## ") for line in PAGE.splitlines() if line.startswith("## ")]

    assert [recipe.title for recipe in RECIPES] == titles
    assert len(set(titles)) == len(titles) == 20
    assert PAGE.count("```") == 4 * len(RECIPES)
    assert [title for title in titles if not title.endswith("?")] == []
    assert [one.title for one in RECIPES if one.result.count("\n") < 3] == []


def run(
    arguments: Sequence[str], *, env: dict[str, str], cwd: Path
) -> "subprocess.CompletedProcess[str]":
    """How a fork of `mp` ended."""
    own = {"DO_NOT_TRACK": "1", "RUNTIME__DLTHUB_TELEMETRY": "false", **warm_dbt.in_shells()}
    return warm_mp.run(arguments, env=env | own, cwd=cwd)


@pytest.fixture(scope="module")
def shop(parsed: Path, started_mp: None) -> Iterator[Path]:
    """The shop that the page's results are of."""
    with recipes.shop(run) as folder:
        yield folder


@pytest.mark.e2e
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_gives_the_result_shown(recipe: recipes.Recipe, shop: Path) -> None:
    assert recipes.run_recipe(recipe, shop, run) == recipe.result, "run `make recipes`"
