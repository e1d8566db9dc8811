"""Saved reports of Mixpanel, translated to the variables of the models."""

from dataclasses import dataclass, field
from typing import Any

import yaml

from mixpanel_data.types.base import Record, Table


@dataclass(frozen=True, repr=False)
class ImportedReport(Record):
    """A saved report or cohort, and what became of it.

    ``type`` is ``funnels``, ``insights``, ``retention``, ``flows``, ``cohorts``, or another one of
    Mixpanel. ``variable`` is the variable of the models that has it, None if it could not be
    translated. ``note`` has the reason then; otherwise what was compared.
    """

    type: str
    id: int
    name: str
    variable: str | None
    note: str


@dataclass(frozen=True, repr=False)
class ImportedDefinitions(Table):
    """The saved reports of a project as variables of the models.

    ``variables`` has lists of entries by the name of the variable, ready for ``vars`` in
    ``dbt_project.yml``. Numbers were compared over ``from_date`` to ``to_date``, dates
    ``YYYY-MM-DD``, both included, in the project's time zone. ``df``: type, id, name, variable,
    note, one row a report.
    """

    from_date: str
    to_date: str
    variables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    reports: list[ImportedReport] = field(default_factory=list)

    def _columns(self) -> list[str]:
        return ["type", "id", "name", "variable", "note"]

    def records(self) -> list[dict[str, Any]]:
        return [report.to_dict() for report in self.reports]

    def to_yaml(self) -> str:
        """Return ``variables`` as YAML, with the reports that could not be translated as
        comments."""
        text = yaml.safe_dump({"vars": {"mixpanel_data": self.variables}}, **_YAML)
        missing = [
            f"# {' '.join(f'{each.type} {each.id}, {each.name}: {each.note}'.split())}\n"
            for each in self.reports
            if each.variable is None
        ]
        return str(text) + ("\n# Not translated:\n" + "".join(missing) if missing else "")


_YAML: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 100}
