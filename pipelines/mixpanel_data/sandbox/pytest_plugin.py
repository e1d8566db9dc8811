"""Fixtures: a sandbox of one's own, empty or with the sample shop."""

from collections.abc import Iterator

import pytest

from mixpanel_data.sandbox import Dataset, Sandbox


@pytest.fixture
def mixpanel_sandbox() -> Iterator[Sandbox]:
    """A running sandbox without data; fill ``.dataset``, add ``.faults``, read ``.requests``."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def mixpanel_sample() -> Dataset:
    """The sample shop up to yesterday, created once. Change a ``.copy()``, not this."""
    return Dataset.sample()


@pytest.fixture
def mixpanel_sample_sandbox(mixpanel_sample: Dataset) -> Iterator[Sandbox]:
    """A running sandbox with a copy of the sample shop, so that changes end with the test."""
    with Sandbox(mixpanel_sample.copy()) as sandbox:
        yield sandbox
