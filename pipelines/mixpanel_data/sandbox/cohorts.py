"""The members of a saved cohort."""

from mixpanel_data.sandbox.dataset import Dataset
from mixpanel_data.sandbox.expressions import ProfileSubject, parse
from mixpanel_data.sandbox.records import Profile
from mixpanel_data.sandbox.saved import Cohort


def members(dataset: Dataset, cohort: Cohort) -> list[Profile]:
    """Return the user profiles that currently match the condition (docs/definitions.md, section
    13)."""
    holds = parse(cohort.where)
    return [profile for profile in dataset.profiles() if holds(ProfileSubject(profile))]
