"""Promise 6, on clocks that the test sets: never above the limits, over all processes together, restarts included."""

import itertools
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_data._internal.rate_limit.limiter import RateLimiter
from mixpanel_data._internal.rate_limit.permit import CountedPermit
from mixpanel_data.exceptions import RateLimitError

from .conftest import HOUR, Machine, answered, in_memory, refused

PROCESSES = 3
YEARS = 3e8
ZONES = 14 * HOUR
SLOWEST_CLIENT = (
    300.0  # seconds from a permit to the last byte of the request, by the client's time-outs
)
LONGEST_WIRE = 0.24  # seconds from there to Mixpanel

seconds = st.one_of(
    st.floats(0, 2), st.floats(0, 60), st.floats(HOUR - 70, HOUR + 70), st.floats(0, 40_000)
)
family = st.sampled_from(["export", "export", "query"])
which = st.integers(0, 50)
process = st.integers(0, PROCESSES - 1)
burst = st.tuples(st.just("burst"), process, family, st.integers(1, 9), st.floats(0, 0.4))
operation = st.one_of(
    burst,
    burst,
    burst,
    st.tuples(st.just("ask"), process, family),
    st.tuples(st.just("ask"), process, family),
    st.tuples(st.just("send"), which, st.floats(0, LONGEST_WIRE)),
    st.tuples(st.just("answer"), which, st.sampled_from(["ok", "ok", "ok", "429", "faulty"])),
    st.tuples(st.just("wait"), seconds),
    st.tuples(st.just("jump"), st.floats(-YEARS, YEARS)),
    st.tuples(st.just("kill"), process),
    st.tuples(st.just("reboot"), seconds, st.floats(-YEARS, ZONES)),
    st.tuples(st.just("move"), seconds),
)


@dataclass(eq=False)
class Request:
    """One that was let go, as Mixpanel and the network know it."""

    process: int
    family: str
    permit: CountedPermit
    granted: float
    reached: float | None = None


@dataclass
class Simulation:
    """Processes on one folder, requests on their way, and what Mixpanel saw of them."""

    machine: Machine
    folder: Path
    limit: int
    max_wait: float
    under_way: list[Request] = field(default_factory=list)
    seen: dict[str, list[float]] = field(default_factory=lambda: {"export": [], "query": []})

    def __post_init__(self) -> None:
        self.processes = [self._process() for _ in range(PROCESSES)]
        self.skew_in_file = 0.0

    def _process(self) -> RateLimiter:
        return RateLimiter(
            self.folder, project_id="1", region="us", hourly_limit=self.limit, max_wait=self.max_wait,
            clock=self._clock, sleep=self._sleep,
        )  # fmt: skip

    def _sleep(self, seconds: float) -> None:
        """A long sleep takes ten times as long: it may, and so a wait of an hour has few steps."""
        self.machine.sleep(seconds * 10 if seconds > 5 else seconds)

    def _clock(self):
        self.skew_in_file = self.machine.skew
        return self.machine.clock()

    def ask(self, process: int, family: str) -> None:
        alike = [request for request in self.under_way if request.family == family]
        if len(alike) == 4 or sum(request.reached is None for request in alike) == 3:
            return  # not the subject here: the next would wait for one of these, and no other thread ends it
        try:
            permit = self.processes[process](family)
        except RateLimitError:
            return
        self.under_way.append(Request(process, family, permit, self.machine.now))

    def burst(self, process: int, family: str, count: int, seconds: float) -> None:
        """Requests one after the other, each on its way for a part of ``seconds``, which is then answered."""
        for number in range(count):
            before = len(self.under_way)
            self.ask(process, family)
            if len(self.under_way) > before:
                self.machine.now += seconds * (number % 3)
                self.send(-1, seconds / 2)
                self.answer(-1, "ok")

    def wait(self, seconds: float) -> None:
        self.machine.now += seconds

    def jump(self, seconds: float) -> None:
        self.machine.skew += seconds

    def send(self, index: int, way: float) -> None:
        if request := self._pick(index):
            self._send(request, way)

    def _send(self, request: Request, way: float) -> None:
        if request.reached is None and self.machine.now < request.granted + SLOWEST_CLIENT:
            request.reached = self.machine.now + way
            self.seen[request.family].append(request.reached)
            request.permit._record.mark_sent()

    def answer(self, index: int, outcome: str) -> None:
        if not (request := self._pick(index)):
            return
        self._send(request, 0.0)
        if request.reached is not None:
            self.machine.now = max(self.machine.now, request.reached)
        self.under_way.remove(request)
        if outcome == "ok":
            request.permit._record.mark_succeeded()
        else:
            request.permit._record.mark_failed(refused() if outcome == "429" else OSError())
        request.permit._release()

    def _pick(self, index: int) -> Request | None:
        return self.under_way[index % len(self.under_way)] if self.under_way else None

    def kill(self, process: int) -> None:
        for request in [request for request in self.under_way if request.process == process]:
            request.permit._release()  # as the system does
            self.under_way.remove(request)
        self.processes[process] = self._process()

    def reboot(self, down: float, skew: float) -> None:
        """All processes die; the wall clock comes back wrong, ahead by no more than a time zone."""
        for process in range(PROCESSES):
            self.kill(process)
        self.machine.reboot(down)
        self.machine.skew = self.skew_in_file + skew
        # A jump before the first look would be one over the restart, too.
        self.processes[0].spent("export")

    def move(self, down: float) -> None:
        """The folder goes to another machine, whose clock agrees."""
        self.machine.machine_id += "+"
        self.reboot(down, 0.0)


def most_in(times: list[float], length: float) -> int:
    """How many lie in the fullest window of ``length`` seconds, its end not included."""
    ordered = sorted(times)
    return max(
        (sum(start <= time < start + length for time in ordered) for start in ordered), default=0
    )


@settings(max_examples=60, deadline=None)
@given(
    operations=st.lists(operation, min_size=10, max_size=40),
    limit=st.integers(1, 8),
    max_wait=st.sampled_from([0.0, 0.0, 900.0, 1e9]),
    rate=st.floats(0.9996, 1.0004),
)
def test_promise_6_no_window_holds_more_than_the_limit_in_any_sequence(
    operations, limit, max_wait, rate
):
    with in_memory() as folder:
        simulation = Simulation(Machine(rate), folder, limit, max_wait)
        for name, *arguments in operations:
            getattr(simulation, name)(*arguments)
        for index in range(len(simulation.under_way)):
            simulation.send(index, 0.0)

    assert most_in(simulation.seen["export"], HOUR) <= limit
    assert most_in(simulation.seen["query"], HOUR) <= limit
    assert most_in(simulation.seen["export"], 1.0) <= 3


def test_promise_6_sixty_an_hour_and_three_a_second_by_default(machine, budget):
    seen = []
    for _, process in zip(
        range(150), itertools.cycle([budget(max_wait=1e9), budget(max_wait=1e9)])
    ):
        answered(process)
        seen.append(machine.now)

    assert most_in(seen, HOUR) == 60
    assert most_in(seen, 1.0) == 3
    assert 2 * HOUR < machine.now < 2 * HOUR + 60  # and no slower than it must be


def test_promise_6_requests_that_have_not_left_yet_keep_their_place(machine, budget):
    """Slow to connect, all three might arrive together with a fourth, however much later that may go."""
    process = budget(max_wait=0)
    permits = [process("export") for _ in range(3)]
    machine.now += 30
    permits[0]._record.mark_sent()

    answered(process)

    assert machine.now == pytest.approx(31.25, abs=0.1)


def test_promise_6_the_hour_counts_from_when_a_request_can_have_arrived(machine, budget):
    process = budget(hourly_limit=1)
    permit = process("export")
    machine.now += 250
    permit._record.mark_sent()

    machine.now += HOUR - 10
    assert process.remaining("export") == 0
    machine.now += 20
    assert process.remaining("export") == 1


def test_promise_6_queries_have_sixty_of_their_own_and_the_app_none(machine, budget):
    process = budget(max_wait=0)
    for _ in range(60):
        answered(process)
        answered(process, "query")
        answered(process, "app")

    for family in ("export", "query"):
        with pytest.raises(RateLimitError):
            answered(process, family)
    answered(process, "app")


def test_promise_6_a_full_budget_is_found_full_by_the_next_process(machine, budget):
    first = budget(hourly_limit=5)
    for _ in range(5):
        answered(first)

    machine.now += 600
    with pytest.raises(RateLimitError) as caught:
        answered(budget(hourly_limit=5))
    machine.now += caught.value.retry_after
    answered(budget(hourly_limit=5, max_wait=0))

    assert machine.now == pytest.approx(HOUR, rel=0.002)


@pytest.mark.parametrize("jump", [-YEARS, -HOUR, HOUR, YEARS])
def test_promise_6_a_jump_of_the_wall_clock_changes_nothing(machine, budget, jump):
    process = budget(hourly_limit=5, max_wait=1e9)
    for _ in range(5):
        answered(process)
    machine.skew += jump

    answered(process)

    assert HOUR < machine.now < HOUR + 10


def test_promise_6_after_a_restart_of_the_machine_the_time_it_is_up_counts(machine, budget):
    process = budget(hourly_limit=5, max_wait=0)
    for _ in range(5):
        answered(process)
    machine.reboot(down=60)
    machine.skew += HOUR  # a clock set by another zone's time

    machine.now += 300
    assert process.remaining("export") == 0
    machine.now += HOUR
    assert process.remaining("export") == 5


def test_a_machine_started_for_each_nightly_run_has_its_whole_budget(machine, budget):
    for _ in range(5):
        machine.reboot(down=24 * HOUR)
        assert budget().remaining("export") == 60
        for _ in range(30):
            answered(budget())


def test_only_what_counts_is_kept(machine, budget, folder):
    for _ in range(300):
        answered(budget(max_wait=1e9))
        machine.now += 400

    with closing(sqlite3.connect(folder / "requests.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM requests").fetchone()[0] <= 10
