"""Names of a package that are imported when they are first used."""

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    module: str, homes: Mapping[str, Iterable[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for ``module``, which import names on first use.

    ``homes`` has the names by the module that defines them, relative to ``mixpanel_data``.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def get_attribute(name: str) -> Any:
        # AttributeError, since hasattr() and `from module import name` expect this one.
        if name not in home_of:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return getattr(import_module(f"mixpanel_data.{home_of[name]}"), name)

    def list_names() -> list[str]:
        return sorted({*vars(sys.modules[module]), *home_of})

    return get_attribute, list_names
