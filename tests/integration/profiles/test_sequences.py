"""Any sequence of changes at Mixpanel and of reads, whole, partial, invalid and interrupted, against plain Python."""

import json
import shutil
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.project import LONG_AGO, Project, Properties, seen_now

from mixpanel_data.sandbox import FaultKind

NAMES = st.sampled_from(["u1", "u2", "u3", "u4"])
SEEN = st.sampled_from(["now", "long ago", "never"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), NAMES, st.integers(0, 2), SEEN),
        st.tuples(st.just("delete"), NAMES),
        st.tuples(st.just("read"), st.sampled_from(["due", "full"])),
        st.tuples(st.just("faulty"), st.sampled_from(["due", "full"])),
        st.tuples(st.just("killed")),
    ),
    min_size=4,
    max_size=12,
)


@dataclass
class Model:
    """What the table and its history have to hold."""

    table: dict[str, Properties] = field(default_factory=dict)
    history: list[tuple[str, Properties, bool]] = field(default_factory=list)
    reads: list[bool] = field(default_factory=list)
    """Of each read that counts, whether it was complete."""
    left: tuple[bool, dict[str, Properties]] | None = None
    """What a killed run had landed: whether it is complete, and the profiles in it."""

    def lands(self, truth: dict[str, Properties], *, full: bool = False) -> None:
        """A read of what is due now, or what lies here of one."""
        complete = full or not self.reads
        if self.left and (self.left[0] or not complete):
            return
        seen = {n: p for n, p in truth.items() if p.get("$last_seen", LONG_AGO) > LONG_AGO}
        self.left = (True, dict(truth)) if complete else (False, seen)

    def loads(self) -> None:
        """What was landed is in the table."""
        assert self.left
        complete, read_now = self.left
        gone = self.table.keys() - read_now.keys() if complete else set()
        changed = {n for n, p in read_now.items() if n in self.table and self.table[n] != p}
        self.history += sorted((n, self.table[n], n in gone) for n in gone | changed)
        self.table = {n: p for n, p in {**self.table, **read_now}.items() if n not in gone}
        self.reads.append(complete)
        self.left = None


def play(project: Project, model: Model, step: tuple[Any, ...]) -> None:
    """The step, at Mixpanel, with us, and in the model."""
    match step:
        case ("set", name, value, seen):
            when = {"now": {"$last_seen": seen_now()}, "long ago": {"$last_seen": LONG_AGO}}
            project.set_profile(name, value=value, **when.get(seen, {}))
        case ("delete", name) if name in project.served_profiles():
            project.remove_profile(name)
        case ("killed",):
            model.lands(project.served_profiles())
            project.land_profiles()
        case ("read", kind):
            model.lands(project.served_profiles(), full=kind == "full")
            model.loads()
            assert project.read_profiles(full=kind == "full").failures == []
        case ("faulty", kind):
            _break(project, model, full=kind == "full")


def _break(project: Project, model: Model, *, full: bool) -> None:
    project.break_engage(FaultKind.HALF_LAST_LINE, times=None)
    report = project.read_profiles(full=full)
    project.sandbox.faults.clear()
    if model.left and (model.left[0] or not (full or not model.reads)):
        model.loads()  # nothing had to be asked for
        assert report.failures == []
    else:
        model.left = None
        assert [error.code for error in report.failures] == ["INCOMPLETE_EXPORT"]


def agree(project: Project, model: Model) -> None:
    """Table, history and ledger are as the model has them."""
    if not (project.folder / "raw.duckdb").is_file():
        assert model.reads == []
        return
    assert project.loaded_profiles() == model.table
    assert sorted(project.profile_history(), key=json.dumps) == sorted(
        model.history, key=json.dumps
    )
    ledger = project.profile_reads()
    assert [complete for complete, _, _ in ledger] == model.reads


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, at_last=st.sampled_from(["due", "full"]))
def test_promises_1_2_and_3_any_sequence_of_changes_and_reads_ends_right(project, steps, at_last):
    shutil.rmtree(project.folder, ignore_errors=True)
    project.sandbox.dataset._profiles.clear()
    model = Model()

    for step in [*steps, ("read", at_last)]:
        play(project, model, step)
        agree(project, model)

    project.read_profiles(full=True)
    assert project.loaded_profiles() == project.served_profiles()
