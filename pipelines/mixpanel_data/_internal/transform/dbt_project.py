"""Where the dbt models lie, and what identifies them."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mixpanel_data.exceptions import MixpanelDataError

_HERE = Path(__file__).resolve()
# A checkout has them at its root; a wheel puts them beside the package.
_PLACES = (_HERE.parents[4] / "dbt", _HERE.parents[3] / "mixpanel_data_dbt")
_SHAPING = ("dbt_project.yml", "models/**/*", "macros/**/*", "seeds/**/*", "snapshots/**/*")


@cache
def project_folder() -> Path:
    """The folder of ``dbt_project.yml``; raises when the installation has none."""
    for place in _PLACES:
        if (place / "dbt_project.yml").is_file():
            return place
    raise MixpanelDataError(
        "The dbt models are missing from this installation. Installing mixpanel-data again brings them.",
        details={"looked_in": [str(place) for place in _PLACES]},
    )


def fingerprint(project: Path, settings: Mapping[str, str]) -> str:
    """A hash of all that shapes a built table: models, macros, variables and settings, not tests or profiles."""
    digest = hashlib.sha256(repr(sorted(settings.items())).encode())
    files = {path for pattern in _SHAPING for path in project.glob(pattern) if path.is_file()}
    for path in sorted(files):
        digest.update(f"\0{path.relative_to(project).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
