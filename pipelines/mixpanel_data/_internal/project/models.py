"""Finds the dbt models and the flows of this package."""

import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from mixpanel_data.exceptions import MixpanelDataError

_HERE = Path(__file__).resolve()
# A checkout has them at its root; a wheel puts them beside the package.
_CHECKOUT, _SITE_PACKAGES = _HERE.parents[4], _HERE.parents[3]


def checkout_root() -> Path | None:
    """Return the checkout that this package runs from; None if it is installed as a wheel."""
    return _CHECKOUT if (_CHECKOUT / "dbt" / "dbt_project.yml").is_file() else None


@cache
def models_folder() -> Path:
    """Return the folder of the ``dbt_project.yml`` of this package.

    Raises:
        MixpanelDataError: if the installation has none.
    """
    places = (_CHECKOUT / "dbt", _SITE_PACKAGES / "mixpanel_data_dbt")
    for place in places:
        if (place / "dbt_project.yml").is_file():
            return place
    raise MixpanelDataError(
        "The dbt models are missing from this installation. Reinstall mixpanel-data.",
        details={"looked_in": [str(place) for place in places]},
    )


def model_names() -> frozenset[str]:
    """Return the names of all models of this package, which are those of their tables."""
    return frozenset(path.stem for path in (models_folder() / "models").rglob("*.sql"))


def flows_folder() -> Path:
    """Return the folder with ``flows/``, ``.dlt/`` and ``prefect.toml``: the checkout, or the
    wheel's copy of them."""
    return checkout_root() or _SITE_PACKAGES / "mixpanel_data_flows"


def load_flows(name: str) -> ModuleType:
    """Import ``flows/NAME.py`` of the installed version, which needs Prefect.

    A project's own flow file calls this, since a copy of ours might not work after an upgrade.

    Args:
        name: Name of the file without ``.py``.

    Raises:
        MixpanelDataError: if there is no such file.
    """
    path = flows_folder() / "flows" / f"{name}.py"
    full_name = f"mixpanel_data_flows.{name}"
    spec = spec_from_file_location(full_name, path) if path.is_file() else None
    if spec is None or spec.loader is None:
        raise MixpanelDataError(f"There is no flow {name} in {path.parent}.")
    module = module_from_spec(spec)
    # Before it runs: Prefect resolves the annotations of a flow in the module of its name.
    sys.modules[full_name] = module
    spec.loader.exec_module(module)
    return module
