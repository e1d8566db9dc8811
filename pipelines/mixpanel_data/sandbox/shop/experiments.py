"""The shop's experiments: who is in which variant, and the events that say so."""

from random import Random
from typing import NamedTuple

from mixpanel_data.sandbox.shop.visits import BUYS, Step

SHORT_CHECKOUT = "Short checkout"
_ONE_PAGE = "one page"
_BUYS_ON_ONE_PAGE = 0.97
_PAUSE = 0.2  # seconds after the event that leads to the experiment


class Experiment(NamedTuple):
    """An experiment: somebody takes part from their first ``trigger`` on."""

    name: str
    trigger: str
    variants: tuple[str, ...]


EXPERIMENTS = (
    Experiment(SHORT_CHECKOUT, "Cart Viewed", ("control", _ONE_PAGE)),
    Experiment("Delivery banner", "Product Viewed", ("control", "top", "bottom")),
)


def variants_of(rng: Random) -> dict[str, str]:
    """Return a person's variant of each experiment."""
    return {each.name: rng.choice(each.variants) for each in EXPERIMENTS}


def buying_rate(variants: dict[str, str]) -> float:
    """Return how many of those who entered their payment then pay, in these variants."""
    return _BUYS_ON_ONE_PAGE if variants.get(SHORT_CHECKOUT) == _ONE_PAGE else BUYS


def with_exposures(steps: list[Step], variants: dict[str, str], begun: set[str]) -> list[Step]:
    """Return the steps of a visit, with a step for each experiment that begins in it.

    ``begun`` has the experiments that began before, and those of this visit afterwards.
    """
    waiting = {
        each.trigger: each
        for each in EXPERIMENTS
        if each.name in variants and each.name not in begun
    }
    found = []
    for step in steps:
        found.append(step)
        if experiment := waiting.pop(step.name, None):
            begun.add(experiment.name)
            details = {
                "Experiment name": experiment.name,
                "Variant name": variants[experiment.name],
            }
            found.append(Step("$experiment_started", _PAUSE, details))
    return found
