"""The engine `spark` on a machine without Java."""

import pytest
from support.project import LAST

from mixpanel_data.exceptions import MixpanelDataError


def test_a_build_names_what_is_missing_and_the_load_is_kept(project, fill, monkeypatch):
    fill(1)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)

    with pytest.raises(MixpanelDataError, match="Java 8, 11 or 17"):
        project.sync(LAST, LAST, build=True)

    assert project.rows_by_day() == {LAST: 10}
