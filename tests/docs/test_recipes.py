"""The recipes of docs/recipes.md run over the sandbox's shop, and give the results shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture(scope="module")
def shop() -> Iterator[Path]:
    """The shop that the page's results are of."""
    with recipes.shop() as folder:
        yield folder


@pytest.mark.e2e
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_gives_the_result_shown(recipe: recipes.Recipe, shop: Path) -> None:
    assert recipes.run_recipe(recipe, shop) == recipe.result, "run `make recipes`"
