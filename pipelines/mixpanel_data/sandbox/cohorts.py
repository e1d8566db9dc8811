"""Who is in a saved cohort."""

from mixpanel_data.sandbox.dataset import Dataset
from mixpanel_data.sandbox.expressions import ProfileSubject, parse
from mixpanel_data.sandbox.records import Profile
from mixpanel_data.sandbox.saved import Cohort


def members(dataset: Dataset, cohort: Cohort) -> list[Profile]:
    """The user profiles that meet the condition as they are now (docs/definitions.md, section 13)."""
    holds = parse(cohort.where)
    return [profile for profile in dataset.profiles() if holds(ProfileSubject(profile))]
