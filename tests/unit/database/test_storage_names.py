"""Any name is safe."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.exceptions import ConfigError

from .conftest import event, profile

NAMES = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60
).filter(lambda name: name.lower() not in ("_metadata", "_rejected", "_build"))


@given(NAMES)
@example('"')
@example('a"; DROP TABLE _metadata; --')
@example("main.events")
@example("select")
@example("🎉 party")
@example("'quoted'")
@example("a\nb")
@example("$1")
@example("sqlite_master")
@example(" ")
@example("incoming")
@settings(max_examples=20, deadline=None)
def test_a_table_can_have_any_name(name):
    with StorageEngine.memory() as storage:
        storage.create_events_table(name, [event(1)])
        storage.create_events_table(name, [event(1), event(2)], append=True)

        assert [(item.name, item.row_count) for item in storage.list_tables()] == [(name, 2)]
        assert storage.get_schema(name).table_name == name
        assert storage.get_metadata(name).type == "events"
        storage.drop(name)
        storage.create_profiles_table(name, [profile(1)])
        assert storage.get_metadata(name).type == "profiles"


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "_metadata", "_METADATA", "_rejected"])
def test_a_name_that_no_table_can_have_is_refused(storage, name):
    with pytest.raises(ConfigError):
        storage.create_events_table(name, [event(1)])
