"""POST /cohorts/list, and who is in a cohort."""

from mixpanel_data.sandbox.expressions import ProfileSubject, parse
from mixpanel_data.sandbox.params import Fields
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query.answers import Answer
from mixpanel_data.sandbox.records import Profile
from mixpanel_data.sandbox.saved import Cohort


def list_cohorts(project: Project, _fields: Fields) -> Answer:
    """Every cohort, with the number of profiles in it now."""
    return [
        {
            "id": cohort.id,
            "name": cohort.name,
            "description": cohort.description,
            "count": len(members(project, cohort)),
            "is_visible": int(cohort.is_visible),
            "created": cohort.created,
            "project_id": int(project.credentials.project_id),
        }
        for cohort in project.dataset.saved.cohorts
    ]


def members(project: Project, cohort: Cohort) -> list[Profile]:
    """The user profiles that meet the condition as they are now (definitions, section 13)."""
    holds = parse(cohort.where)
    return [profile for profile in project.dataset.profiles() if holds(ProfileSubject(profile))]
