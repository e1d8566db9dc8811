"""Settings that DuckDB would refuse after the requests are refused before them."""

import pytest

from mixpanel_data.exceptions import ConfigError

from .conftest import LAST


@pytest.mark.parametrize("version", ["v9.9.9", "v0.0.0"])
def test_an_unknown_storage_version_is_refused_before_any_request(project, fill, version):
    fill(1)

    with pytest.raises(ConfigError, match=f"MP_STORAGE_VERSION is {version}"):
        project.sync(LAST, LAST, build=True, storage_version=version)

    assert project.asked() == []


@pytest.mark.parametrize("limit", ["99999999999999999999TB", "1001TB"])
def test_a_memory_limit_beyond_duckdbs_range_is_refused(project, limit):
    with pytest.raises(ConfigError, match=r"MP_MEMORY_LIMIT.*it is more than 1000TB"):
        project.settings(memory_limit=limit)


def test_the_largest_memory_limit_works(project, fill):
    fill(1)

    assert project.sync(LAST, LAST, memory_limit="1000TB").failures == []
