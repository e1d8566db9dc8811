"""Public packages whose names are imported on first use."""

from importlib import import_module

import pytest

PACKAGES = ("", ".auth", ".project", ".published", ".sync")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_exists_and_is_listed(package):
    module = import_module(f"mixpanel_data{package}")

    assert set(module.__all__) <= set(dir(module))
    assert all(getattr(module, name) is not None for name in module.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_an_unknown_name_is_an_attribute_error_with_the_module(package):
    module = import_module(f"mixpanel_data{package}")

    with pytest.raises(AttributeError, match=rf"module 'mixpanel_data{package}' has no attribute"):
        module.no_such_name  # noqa: B018
