"""POST /cohorts/list."""

from mixpanel_data.sandbox.cohorts import members
from mixpanel_data.sandbox.params import Fields
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query.answers import Answer


def list_cohorts(project: Project, _fields: Fields) -> Answer:
    """Return every cohort, with its current number of profiles."""
    return [
        {
            "id": cohort.id,
            "name": cohort.name,
            "description": cohort.description,
            "count": len(members(project.dataset, cohort)),
            "is_visible": int(cohort.is_visible),
            "created": cohort.created,
            "project_id": int(project.credentials.project_id),
        }
        for cohort in project.dataset.saved.cohorts
    ]
