"""Any name of a data folder works, or is refused before a request is made."""

import os
from datetime import timedelta

import pytest
from support.project import LAST, Project

from mixpanel_data.exceptions import ConfigError

WORKS = 'it\'s [a] "q" {b} #;*!$HOME ~& 😀 ü |:,{{x}} -.'
REFUSED = ["100%", "%s", "a?b", "a?access_mode=READ_ONLY", "a\\b", "a\nb", os.fsdecode(b"a\xffb")]


def test_odd_names_work(project, fill, tmp_path):
    fill(2, 5)
    odd = Project(project.sandbox, tmp_path / WORKS / "data")

    report = odd.sync(start_date=LAST - timedelta(days=1), only=None, build=True)

    assert report.failures == []
    assert odd.loaded() == project.served(LAST - timedelta(days=1), LAST)
    assert report.published
    assert report.published.tables["events"] == 10


@pytest.mark.parametrize("name", [*REFUSED, "a" * 250 + "/" + "/".join(["b" * 250] * 12)])
def test_names_that_can_not_work_are_refused_before_any_request(project, tmp_path, name):
    with pytest.raises(ConfigError, match="can't be the data folder"):
        Project(project.sandbox, tmp_path / name).sync(LAST, LAST)

    assert list(project.sandbox.requests) == []
    assert list(tmp_path.iterdir()) == []
