"""The companies for which some of the shop's users order, and their group profiles."""

from random import Random
from typing import Any, NamedTuple

from mixpanel_data.sandbox.records import Profile

COMPANIES = "1001"  # the data group id, as the project settings show it

# How many of the users of each plan order for a company.
_SHARES = {"free": 0.08, "plus": 0.45, "pro": 0.85}


class Company(NamedTuple):
    """A company: the id that events and profiles carry, and what its group profile has."""

    id: str | int
    name: str
    industry: str
    country: str
    seats: int


_ALL = (
    Company(42, "Acme GmbH", "Manufacturing", "DE", 240),  # 42 is a user profile as well
    Company("globex", "Globex", "Energy", "US", 900),
    Company("initech", "Initech", "Software", "US", 120),
    Company("umbrella", "Umbrella Ltd", "Health", "GB", 410),
    Company("hooli", "Hooli", "Software", "US", 2_500),
    Company("café-oro", "Café Oro", "Food", "ES", 35),
    Company("soylent", "Soylent", "Food", "FR", 60),
    Company("vehement", "Vehement Capital", "Finance", "GB", 80),
    Company("massive", "Massive Dynamic", "Research", "US", 700),
    Company("北星", "北星商事", "Trade", "JP", 150),
)
_WEIGHTS = (14, 16, 9, 8, 20, 3, 4, 6, 12, 8)


def company_of(rng: Random, plan: str) -> Company | None:
    """Return the company for which somebody on this plan orders; None for most private users."""
    is_employed = rng.random() < _SHARES[plan]
    company = rng.choices(_ALL, _WEIGHTS)[0]
    return company if is_employed else None


def group_profiles() -> list[Profile]:
    """Return the group profiles; the first id is also that of a user profile, with another
    meaning."""
    return [Profile(each.id, _properties(each), COMPANIES) for each in _ALL]


def _properties(company: Company) -> dict[str, Any]:
    return {
        "$name": company.name,
        "industry": company.industry,
        "$country_code": company.country,
        "seats": company.seats,
    }
