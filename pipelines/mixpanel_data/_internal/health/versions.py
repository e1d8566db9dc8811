"""Compares installed packages with the versions that this package works with."""

from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from mixpanel_data._internal.health.findings import Finding

WHY = {
    "fastapi": "the server of Prefect does not start with newer ones",
    "sqlalchemy": "Prefect never makes a scheduled run with newer ones",
    "sqlglot": "dlt can't read tables with newer ones",
    "duckdb": "older ones can keep rows of a load that a crash interrupted",
}
"""The reasons for bounds whose violation shows late or in another place."""


def check_versions(distribution: str = "mixpanel-data") -> list[Finding]:
    """Return an error for each installed package outside the bounds of ``distribution``.

    Packages of extras count if they are installed; a package that is missing does not.
    """
    found = {
        f"{name}{requirement.specifier}": problem
        for text in requires(distribution) or ()
        if (requirement := Requirement(text)) and _applies(requirement)
        for name in (requirement.name,)
        if (problem := _problem(requirement))
    }
    if not found:
        return [Finding("versions", "every package is within its bounds", source="metadata")]
    return [Finding("versions", problem, "error", "metadata") for problem in found.values()]


def _applies(requirement: Requirement) -> bool:
    """Return True if the requirement is for this machine, with any extra."""
    marker = requirement.marker
    if marker is None or "extra" in str(marker):
        return True
    return marker.evaluate()


def _problem(requirement: Requirement) -> str | None:
    try:
        there = version(requirement.name)
    except PackageNotFoundError:
        return None
    if requirement.specifier.contains(there, prereleases=True):
        return None
    why = WHY.get(requirement.name)
    wanted = f"{requirement.name}{requirement.specifier}"
    return (
        f"{requirement.name} {there} is installed, and {wanted} is needed"
        f"{f': {why}' if why else ''}. Run `pip install '{wanted}'`."
    )
