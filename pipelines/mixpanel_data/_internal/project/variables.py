"""The variables of the dbt models: their types, and the validation of those that a project sets.

The macros of the models check the same if dbt is run by hand. Here it is done before dbt starts, so
that a mistake costs no request, and the message has the file, the variable, the entry and the
nearest name that exists.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast, get_args

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from mixpanel_data._internal.project.folder import DbtProject
from mixpanel_data._internal.project.models import models_folder
from mixpanel_data._internal.time_zones import require_zone
from mixpanel_data.exceptions import ConfigError

PACKAGE = "mixpanel_data"
"""Our dbt package. A user's project sets its variables under ``vars: mixpanel_data:``."""

INTERNAL_COLUMNS = {
    "event_properties": ("ingested_distinct_id", "copy_number", "texts"),
    "profile_properties": ("texts",),
}
"""Names that the SQL of the models uses itself, so that no configured column may have them."""

_MODELS = {"event_properties": "events", "profile_properties": "profiles"}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The fast one, if PyYAML was built with it."""

_NEAR = 0.6
_OTHER_WORDS = {
    "decimal": "number",
    "double": "number",
    "float": "number",
    "bigint": "integer",
    "text": "string",
    "varchar": "string",
    "timestamp": "datetime",
}
"""Other names for the types of a property."""


def _texts(value: Any) -> Any:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise PydanticCustomError("names", "{value} is no list of names", {"value": repr(value)})
    return value


def _zone(value: str) -> str:
    return require_zone(value) if value else value


def _date_or_empty(value: Any) -> Any:
    if value == "" or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise PydanticCustomError("date", "no date, such as 2026-01-31") from None


def _place(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("place", "no number of a step") from None
    return value


def _measure(value: str) -> str:
    if value not in MEASURES and not re.fullmatch("p[1-9][0-9]?", value):
        raise PydanticCustomError("measure", "{value}", {"value": value})
    return value


MEASURES = ("total", "unique", "sessions", "distinct", "sum", "average", "median", "min", "max")
"""What `metrics` measure, but for percentiles, p1 to p99."""

Names = Annotated[list[str], BeforeValidator(_texts)]
Positive = Annotated[int, Field(gt=0)]


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class PropertyEntry(_Checked):
    """A column of `events` or `profiles` that shows a property."""

    name: str = Field(min_length=1)
    alias: str = Field(min_length=1)
    type: Literal["string", "number", "integer", "boolean", "date", "datetime"]

    @property
    def label(self) -> str:
        """The entry's name in a message."""
        return self.alias


class _Definition(_Checked):
    name: str = Field(min_length=1)

    @property
    def label(self) -> str:
        """The entry's name in a message."""
        return self.name


class ConditionEntry(_Checked):
    """A condition of a cohort: how often users did events, or what their profile is."""

    events: Names | None = None
    where: str = ""
    at_least: Positive | None = None
    at_most: Annotated[int, Field(ge=0)] | None = None
    exactly: Annotated[int, Field(ge=0)] | None = None
    days: Positive | None = None
    profile: Annotated[str, Field(min_length=1)] | None = None
    negate: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        given = self.model_fields_set
        if len({"events", "profile"} & given) != 1:
            raise PydanticCustomError("condition", "it needs either events or a profile")
        if self.profile and given - {"profile", "negate"}:
            others = ", ".join(key for key in type(self).model_fields if key in given)
            raise PydanticCustomError(
                "condition",
                "with a profile it takes negate only, not {others}",
                {"others": others.replace("profile, ", "").replace(", profile", "")},
            )
        if len({"at_least", "at_most", "exactly"} & given) > 1:
            raise PydanticCustomError("condition", "it takes one of at_least, at_most and exactly")
        return self


class CohortEntry(_Definition):
    """Users by what they did within some days, and by their profile."""

    description: str = ""
    match: Literal["all", "any"] = "all"
    conditions: list[ConditionEntry] = Field(min_length=1)


class SegmentEntry(_Definition):
    """A dimension by which active users are counted."""

    column: str = Field(min_length=1)
    of: Literal["events", "users"] = "events"


class RetentionEntry(_Definition):
    """A retention report."""

    birth_events: Names = []
    return_events: Names = []
    kind: Literal["birth", "compounded"] = "birth"
    unit: Literal["day", "week", "month"] = "day"
    mode: Literal["rolling", "calendar"] = "rolling"
    intervals: Positive = 30
    brackets: list[Positive] = []
    birth_where: str = ""
    return_where: str = ""
    segment: str = ""
    value: str = ""


class FunnelStepEntry(_Checked):
    """A step of a funnel: any of its events, for which a condition on the columns of `events` is
    true."""

    event: list[Annotated[str, Field(min_length=1)]] = Field(min_length=1)
    where: str = ""


def _as_step(value: Any) -> Any:
    whole = {"event": value} if isinstance(value, str | list) else value
    if isinstance(whole, dict) and isinstance(whole.get("event"), str):
        return whole | {"event": [whole["event"]]}
    return whole


def _as_exclusion(value: Any) -> Any:
    return {"event": value} if isinstance(value, str) else value


class ExclusionEntry(_Checked):
    """An event that ends an attempt: at any step, or only between step ``after`` and the next."""

    event: str = Field(min_length=1)
    after: Positive | None = None


class FunnelEntry(_Definition):
    """A funnel."""

    steps: list[Annotated[FunnelStepEntry, BeforeValidator(_as_step)]] = Field(min_length=2)
    window: Positive = 7
    window_unit: Literal["second", "minute", "hour", "day", "week"] = "day"
    counting: Literal["uniques", "totals", "sessions"] = "uniques"
    per: Literal["", "day", "week", "month"] = ""
    order: Literal["specific", "any"] = "specific"
    reentry: Literal["default", "optimized"] = "default"
    exclude: list[Annotated[ExclusionEntry, BeforeValidator(_as_exclusion)]] = []
    hold_constant: Names = []
    held_value: Literal["any", "first"] = "any"
    segment: str = ""
    value: str = ""
    segment_at: Annotated[Any, BeforeValidator(_place)] = 1
    since: Annotated[Any, BeforeValidator(_date_or_empty)] = ""
    until: Annotated[Any, BeforeValidator(_date_or_empty)] = ""

    def events(self) -> list[str]:
        """Each event that it names."""
        named = (event for step in self.steps for event in step.event)
        return [*named, *(each.event for each in self.exclude)]


class AttributionEntry(_Definition):
    """An attribution of conversions to what preceded them."""

    conversion_events: Names
    touch: str = "utm_source"
    lookback_days: Positive = 30
    counting: Literal["totals", "first", "last"] = "totals"
    direct_values: Names = []


class RevenueEntry(_Definition):
    """Events whose amounts are revenue. ``amount`` and ``currency`` are columns of `events`, or
    else properties."""

    events: Annotated[Names, Field(min_length=1)]
    amount: str = Field(min_length=1)
    currency: str = ""


MOST_BUCKETS = 1000


def _lower_bounds(buckets: Any) -> Any:
    """Return the bounds of buckets of one size, such as {from: 50, to: 100, by: 10}."""
    if not isinstance(buckets, Mapping):
        return buckets
    numbers = [each for each in buckets.values() if type(each) in (int, float)]
    if buckets.keys() != {"from", "to", "by"} or len(numbers) != 3 or buckets["by"] <= 0:
        raise PydanticCustomError("even_buckets", "no numbers")
    count = (buckets["to"] - buckets["from"]) / buckets["by"]
    if not 0 < count <= MOST_BUCKETS or abs(count - round(count)) > 1e-6:
        raise PydanticCustomError("even_buckets", "not divided")
    return [buckets["from"] + number * buckets["by"] for number in range(round(count) + 1)]


class ValueEntry(_Checked):
    """What a metric is of, or segmented by: a column of `events`, or a property."""

    column: str = Field("", min_length=1)
    property: str = Field("", min_length=1)
    field: str = ""
    list: bool = False
    buckets: Annotated[Sequence[float], BeforeValidator(_lower_bounds)] = []
    borrow_days: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len({"column", "property"} & self.model_fields_set) != 1:
            raise PydanticCustomError("place", "neither or both")
        if any(lower >= upper for lower, upper in pairwise(self.buckets)):
            raise PydanticCustomError("buckets", "not in rising order")
        if self.field and self.column and not self.list:
            raise PydanticCustomError("value", "field needs a property, or a list")
        if self.borrow_days and self.list:
            raise PydanticCustomError("value", "a list can't be borrowed")
        return self


def _as_value(value: Any) -> Any:
    if isinstance(value, str):
        return {"column": value} if value else None
    return value


Value = Annotated[ValueEntry, BeforeValidator(_as_value)]
Measure = Annotated[str, AfterValidator(_measure)]


class MetricEntry(_Definition):
    """A metric of the table `insights`."""

    events: Names = []
    where: str = ""
    measure: Measure = "total"
    of: Annotated[ValueEntry | None, BeforeValidator(_as_value)] = None
    per_user: Literal[
        "", "total", "sessions", "distinct", "sum", "average", "median", "min", "max"
    ] = ""
    segments: list[Value] = Field([], max_length=2)
    segment_at: Literal["any", "first", "last"] = "any"
    units: list[Literal["hour", "day", "week", "month"]] = Field(["day"], min_length=1)
    rolling: Annotated[int, Field(ge=0)] = 0
    cumulative: bool = False

    def problem(self) -> str | None:
        """What the keys lack together, as the macro `insight_metrics` says it."""
        if self.per_user and self.measure in ("total", "unique", "sessions", "distinct"):
            return (
                "per_user needs a measure of the users' numbers, such as average, and not "
                f"{self.measure}."
            )
        measured = self.per_user or self.measure
        counts = measured in ("total", "unique", "sessions")
        if not counts and not self.of:
            return f"{measured} needs of."
        if counts and self.of:
            return f"{measured} takes no of."
        if self.segment_at != "any" and (
            not self.segments or any(segment.list for segment in self.segments)
        ):
            return "segment_at needs segments, and none by a list."
        adds_up = not self.per_user and (counts or self.measure == "sum")
        if self.cumulative and not adds_up:
            return "cumulative needs a measure whose values add up: total, unique, sessions or sum."
        return None


class ExperimentEntry(_Definition):
    """An experiment whose shares are not equal, or whose control is not named so."""

    control: str = ""
    shares: dict[str, Annotated[float, Field(gt=0)]] = {}


class ExperimentMetricEntry(_Definition):
    """A metric that the variants of experiments are compared by."""

    events: Annotated[Names, Field(min_length=1)]
    value: str = ""


class ImpactEntry(_Definition):
    """The first use of a feature, and what may change with it."""

    events: Annotated[Names, Field(min_length=1)]
    outcome_events: Annotated[Names, Field(min_length=1)]
    days: Positive = 28


class SignalEntry(_Definition):
    """A goal, and the first days whose events may go with it."""

    goal_events: Annotated[Names, Field(min_length=1)]
    events: Names = []
    first_days: Positive = 7
    goal_days: Positive = 28
    times: list[Positive] = Field([1], min_length=1)


class Variables(_Checked):
    """Every variable of the models; the package's dbt_project.yml has defaults and descriptions."""

    project_timezone: Annotated[str, AfterValidator(_zone)]
    week_start: Literal[
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
    ]
    hidden_events: Names
    identity_rule: Literal["simplified", "original", "legacy", "none"]
    identity_device_conflict: Literal["first", "last", "none"]
    canonical_pick_original: Literal["exported", "identified_id", "smallest_id"]
    junk_ids: Names
    event_properties: list[PropertyEntry]
    profile_properties: list[PropertyEntry]
    session_kind: Literal["timeout", "event", "property"]
    session_timeout_minutes: Annotated[float, Field(ge=1)]
    session_gap_inclusive: bool
    session_split_at_midnight: bool
    session_identity: Literal["user", "device"]
    session_excluded_events: Names
    session_start_events: Names
    session_end_events: Names
    session_property: str
    page_view_events: Names
    bounce_rule: Literal["single_page_view", "single_event", "duration_le_10s"]
    cohorts: list[CohortEntry]
    segments: list[SegmentEntry]
    retentions: list[RetentionEntry]
    retention_return_at_birth_instant: bool
    funnels: list[FunnelEntry]
    funnel_window_inclusive: bool
    funnel_grace_seconds: Annotated[float, Field(ge=0)]
    funnel_held_null_matches: bool
    attributions: list[AttributionEntry]
    attribution_include_conversion_event: bool
    attribution_lookback_inclusive: bool
    attribution_reset_after_conversion: bool
    revenue: list[RevenueEntry]
    metrics: list[MetricEntry]
    group_keys: Names
    experiments: list[ExperimentEntry]
    experiment_metrics: list[ExperimentMetricEntry]
    impacts: list[ImpactEntry]
    signals: list[SignalEntry]
    catalog_without_examples: Names
    volume_anomaly_score: Annotated[float, Field(ge=0)]
    events_in_a_batch: Annotated[float, Field(ge=1)]

    def events_by_place(self) -> Iterator[tuple[str, str]]:
        """Each event that a definition needs, with the place that names it."""
        for number, retention in enumerate(self.retentions):
            where = _entry("retentions", number, retention.label)
            for event in (*retention.birth_events, *retention.return_events):
                yield where, event
        for number, funnel in enumerate(self.funnels):
            where = _entry("funnels", number, funnel.label)
            for event in funnel.events():
                yield where, event
        for number, attribution in enumerate(self.attributions):
            where = _entry("attributions", number, attribution.label)
            for event in attribution.conversion_events:
                yield where, event
        for number, revenue in enumerate(self.revenue):
            where = _entry("revenue", number, revenue.label)
            for event in revenue.events:
                yield where, event
        for number, compared in enumerate(self.experiment_metrics):
            where = _entry("experiment_metrics", number, compared.label)
            for event in compared.events:
                yield where, event
        for number, impact in enumerate(self.impacts):
            where = _entry("impacts", number, impact.label)
            for event in (*impact.events, *impact.outcome_events):
                yield where, event
        for number, signal in enumerate(self.signals):
            where = _entry("signals", number, signal.label)
            for event in (*signal.goal_events, *signal.events):
                yield where, event
        for number, metric in enumerate(self.metrics):
            where = _entry("metrics", number, metric.label)
            for event in metric.events:
                yield where, event
        for number, cohort in enumerate(self.cohorts):
            where = _entry("cohorts", number, cohort.label)
            for condition in cohort.conditions:
                for event in condition.events or ():
                    yield where, event


@dataclass(frozen=True)
class Given:
    """The values that a project sets, by variable, and the file that sets them."""

    values: dict[str, Any]
    file: Path


def read_variables(project: DbtProject) -> Given:
    """Return the variables that the dbt project sets: for the package alone, all of them.

    In a user's project, these are the ones under ``vars: mixpanel_data:``, and those of the same
    names directly under ``vars:``, with the precedence of dbt.

    Args:
        project: The dbt project, as :func:`find_dbt_project` returns it.

    Raises:
        ConfigError: if the file is not valid YAML, or ``vars`` is not a table.
    """
    data = load_yaml(project.file)
    found = data.get("vars") or {}
    if not isinstance(found, dict):
        raise ConfigError(f"{project.file}: vars is no table of variables.")
    if project.is_package:
        return Given(found, project.file)
    own = found.get(PACKAGE, {})
    if own is None:  # dbt fails on it, without a reason
        raise ConfigError(
            f"{project.file}: vars: {PACKAGE} has no variable. Write one under it, or remove the "
            "line."
        )
    if not isinstance(own, dict):
        raise ConfigError(f"{project.file}: vars: {PACKAGE} is no table of variables.")
    common = {name: value for name, value in found.items() if name in Variables.model_fields}
    return Given(common | own, project.file)


def defaults() -> dict[str, Any]:
    """Return every variable of the models with its default."""
    return dict(load_yaml(models_folder() / "dbt_project.yml")["vars"])


def check(given: Given, known_events: Callable[[], Collection[str]] | None = None) -> Variables:
    """Return the variables in force, validated.

    ``known_events`` returns the names of all loaded events, and is called only if a definition
    names events. Without it, or if it returns none, names of events are not checked.

    Raises:
        ConfigError: if there is a mistake; the message has each one with its variable, entry and
            reason.
    """
    try:
        variables = Variables.model_validate(defaults() | given.values)
    except ValidationError as error:
        sentences = dict.fromkeys(_problem_text(each, given.values) for each in error.errors())
        # A mistake may be reported twice, once of them without its hint: the longer text is used.
        longest = [
            each
            for each in sentences
            if not any(other != each and other.startswith(each) for other in sentences)
        ]
        raise _variables_error(given, longest) from None
    problems = [
        *_duplicates(variables),
        *_columns(variables),
        *_cohorts(variables),
        *_funnels(variables),
        *_metrics(variables),
    ]
    if not problems and known_events and any(variables.events_by_place()):
        known = known_events()
        problems += unknown_events(variables, known) if known else []
    if problems:
        raise _variables_error(given, problems)
    return variables


def _variables_error(given: Given, problems: Sequence[str]) -> ConfigError:
    return ConfigError(
        f"{given.file}: " + " ".join(problems),
        details={"file": str(given.file), "problems": list(problems)},
    )


def load_yaml(file: Path) -> dict[str, Any]:
    """Return the content of a YAML file of a dbt project.

    Raises:
        ConfigError: if it can't be read, or is not a table.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        data = yaml.load(text, Loader=_LOADER)  # noqa: S506  (both loaders are safe)
    except OSError as error:
        raise ConfigError(f"{file} can't be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{file} is no dbt project.")
    return data


def _entry(variable: str, number: int, label: str | None) -> str:
    return f"Variable {variable}, entry {number + 1}" + (f" ({label})" if label else "")


def near_name(word: object, known: Collection[str]) -> str:
    """Return `` Did you mean …?``; an empty text if no known name is near."""
    by_lower = {name.lower(): name for name in known}
    lower = str(word).lower()
    near = get_close_matches(lower, list(by_lower), n=1, cutoff=_NEAR)
    found = near[0] if near else _OTHER_WORDS.get(lower)
    return f" Did you mean {by_lower[found]}?" if found in by_lower else ""


_NOUNS = {
    "string_type": "no text",
    "int_type": "no whole number",
    "float_type": "no number",
    "bool_type": "neither true nor false",
    "list_type": "no list",
    "model_type": "no table of keys and values",
    "greater_than": "no number above 0",
    "string_too_short": "empty",
}
_KEYS: dict[str, type[BaseModel]] = {
    "event_properties": PropertyEntry,
    "profile_properties": PropertyEntry,
    "cohorts": CohortEntry,
    "segments": SegmentEntry,
    "retentions": RetentionEntry,
    "funnels": FunnelEntry,
    "attributions": AttributionEntry,
    "revenue": RevenueEntry,
    "experiments": ExperimentEntry,
    "experiment_metrics": ExperimentMetricEntry,
    "impacts": ImpactEntry,
    "signals": SignalEntry,
    "metrics": MetricEntry,
}


def _problem_text(error: ErrorDetails, values: Mapping[str, Any]) -> str:
    """Return a mistake as a sentence: its place, its reason, and the nearest name that exists."""
    variable, *rest = error["loc"]
    if not rest:
        return _of_variable(str(variable), error)
    number = rest[0]
    entry = values[str(variable)][number] if isinstance(number, int) else None
    label = entry.get("alias") or entry.get("name") if isinstance(entry, dict) else None
    where = _entry(str(variable), int(number), label if isinstance(label, str) else None)
    if len(rest) > 2 and rest[1] == "steps":
        step = entry["steps"][rest[2]] if isinstance(entry, dict) else None
        near = (
            near_name(rest[3], FunnelStepEntry.model_fields)
            if error["type"] == "extra_forbidden"
            else ""
        )
        return f"{where}, step {int(rest[2]) + 1}: it takes event and where, not {step}.{near}"
    if len(rest) > 2 and rest[1] == "exclude":
        excluded = entry["exclude"][rest[2]] if isinstance(entry, dict) else None
        return f"{where}: exclude takes event and after, a number of a step, not {excluded}."
    if len(rest) > 2 and rest[1] == "conditions":
        condition = entry["conditions"][rest[2]] if isinstance(entry, dict) else None
        return f"{where}, {_of_condition(rest[2:], condition, error)}"
    if len(rest) == 1:
        return f"{where}: {entry!r} is no table of keys and values."
    if variable == "metrics" and rest[1] in ("of", "segments") and error["type"] != "too_long":
        return f"{where}, {_of_value(rest[1:], entry, error)}"
    return f"{where}: {_of_key(str(rest[1]), _KEYS[str(variable)], error)}"


def _of_condition(place: Sequence[int | str], condition: object, error: ErrorDetails) -> str:
    """Return what is wrong with a condition of a cohort, by its place among them."""
    number, *keys = place
    where = f"condition {int(number) + 1}"
    if error["type"] == "condition":
        return f"{where}: {error['msg']}."
    if not keys:
        return f"{where}: {condition!r} is no table of keys and values."
    return f"{where}: {_of_key(str(keys[0]), ConditionEntry, error)}"


def _of_value(
    place: Sequence[int | str], entry: Mapping[str, Any] | None, error: ErrorDetails
) -> str:
    """Return what is wrong with ``of`` or with one of ``segments``, by its place in the entry."""
    key, *rest = place
    number = rest[0] if rest and isinstance(rest[0], int) else None
    where = str(key) if number is None else f"segment {number + 1}"
    if "buckets" in (error["type"], *rest[-2:-1]):
        return f"{where}: buckets are numbers, each greater than the one before."
    if error["type"] == "value":
        return f"{where}: {error['msg']}."
    if error["type"] == "even_buckets":
        return (
            f"{where}: buckets of one size are {{from, to, by}}, where (to - from) / by is a whole "
            f"number from 1 to {MOST_BUCKETS}, not {error['input']}."
        )
    value = entry[str(key)] if entry else None
    value = value[number] if number is not None and isinstance(value, list) else value
    near = (
        near_name(rest[-1], ValueEntry.model_fields) if error["type"] == "extra_forbidden" else ""
    )
    return f"{where}: it takes a column or a property, and field, list, buckets and borrow_days, not {value}.{near}"


def _of_variable(name: str, error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return f"There is no variable {name}.{near_name(name, Variables.model_fields)}"
    if error["type"] == "names":
        return f"Variable {name}: {error['msg']}."
    if error["type"] == "literal_error":
        allowed = _allowed(Variables, name)
        near = near_name(error["input"], allowed)
        return f"Variable {name}: {error['input']} is none of {', '.join(allowed)}.{near}"
    if error["input"] is None:
        return f"Variable {name}: it has no value. Write [] for an empty list, or remove the line."
    if error["type"] == "value_error":
        message = error["msg"].removeprefix("Value error, ")
        return f"Variable {name}: {message}{'' if message.endswith('?') else '.'}"
    return f"Variable {name}: {error['input']!r} is {_noun(error)}."


def _of_key(key: str, model: type[BaseModel], error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        others = [name for name in model.model_fields if name != key]
        return f"it has no {key}, only {', '.join(others)}.{near_name(key, others)}"
    if error["type"] == "missing":
        return f"it needs {'a name' if key == 'name' else key}."
    if error["type"] == "too_short":
        return "it needs two steps or more." if key == "steps" else f"it needs {key}."
    if error["type"] == "too_long":
        return f"{key} is no list of one or two columns."
    if error["type"] == "measure":
        near = near_name(error["input"], MEASURES)
        measures = ", ".join(MEASURES)
        return f"{key} is {error['input']}, which is none of {measures}, p1 to p99.{near}"
    if error["type"] == "literal_error":
        allowed = _allowed(model, key)
        near = near_name(error["input"], allowed)
        return f"{key} is {error['input']}, which is none of {', '.join(allowed)}.{near}"
    if error["type"] == "names":
        return f"{key}: {error['msg']}."
    above = ""
    if error["type"].startswith("int_"):
        # In the words of the macro, which also checks the lower bound.
        bounds = model.model_fields[key].metadata
        above = " above 0" if any(getattr(bound, "gt", None) == 0 for bound in bounds) else ""
    return f"{key} is {error['input']!r}, which is {_noun(error)}{above}."


def _noun(error: ErrorDetails) -> str:
    if error["type"] == "greater_than_equal":
        return f"no number from {error['ctx']['ge']:g} up"
    return _NOUNS.get(error["type"], error["msg"])


def _allowed(model: type[BaseModel], name: str) -> tuple[str, ...]:
    found = get_args(model.model_fields[name].annotation)
    if len(found) == 1:  # a list of them
        found = get_args(found[0]) or found
    return found if all(isinstance(each, str) for each in found) else ()


def _duplicates(variables: Variables) -> Iterator[str]:
    for variable in (
        "cohorts",
        "segments",
        "retentions",
        "funnels",
        "attributions",
        "revenue",
        "metrics",
        "experiments",
        "experiment_metrics",
        "impacts",
        "signals",
    ):
        seen: set[str] = set()
        for number, entry in enumerate(getattr(variables, variable)):
            if entry.name in seen:
                where = _entry(variable, number, None)
                yield f"{where}: there are two of the name {entry.name}."
            seen.add(entry.name)


def _columns(variables: Variables) -> Iterator[str]:
    """Yield the problems of column names: new ones that exist, and used ones that do not."""
    for variable, model in _MODELS.items():
        if not getattr(variables, variable):
            continue
        taken = {*columns_of(model), *INTERNAL_COLUMNS[variable]}
        for number, entry in enumerate(getattr(variables, variable)):
            where = _entry(variable, number, entry.alias)
            if not re.fullmatch("[a-z_][a-z0-9_]*", entry.alias):
                yield (
                    f"{where}: the alias {entry.alias} may have small letters, digits and "
                    "underscores only."
                )
            elif entry.alias in taken:
                yield f"{where}: there is a column {entry.alias} already. Choose another alias."
            taken.add(entry.alias)
    used = list(_used_columns(variables))
    for model in dict.fromkeys(each[0] for each in used):
        added = variables.event_properties if model == "events" else variables.profile_properties
        known = {*columns_of(model), *(entry.alias for entry in added)}
        for _, where, key, column in (each for each in used if each[0] == model):
            if column not in known and not (model == "events" and _is_cohort(key, column)):
                yield (
                    f"{where}: {key} is {column}, which is no column of {model}."
                    f"{near_name(column, known)}"
                )


def _used_columns(variables: Variables) -> Iterator[tuple[str, str, str, str]]:
    """Yield each column that a definition uses: its model, the entry, the key, and its name."""
    for number, segment in enumerate(variables.segments):
        yield segment.of, _entry("segments", number, segment.name), "column", segment.column
    for number, retention in enumerate(variables.retentions):
        where = _entry("retentions", number, retention.name)
        for key, column in (("segment", retention.segment), ("value", retention.value)):
            if column:
                yield "events", where, key, column
    for number, funnel in enumerate(variables.funnels):
        where = _entry("funnels", number, funnel.name)
        for column in funnel.hold_constant:
            yield "events", where, "hold_constant", column
        for key, column in (("segment", funnel.segment), ("value", funnel.value)):
            if column:
                yield "events", where, key, column
    for number, attribution in enumerate(variables.attributions):
        yield "events", _entry("attributions", number, attribution.name), "touch", attribution.touch
    for number, metric in enumerate(variables.metrics):
        where = _entry("metrics", number, metric.name)
        if metric.of and metric.of.column:
            yield "events", where, "of", metric.of.column
        for value in metric.segments:
            if value.column:
                yield "events", where, "a segment", value.column


COHORT = "cohort."
"""What precedes the name of a cohort where a segment is by a cohort, in place of a column."""


def _is_cohort(key: str, column: str) -> bool:
    return key in ("column", "segment", "a segment") and column.startswith(COHORT)


def _cohorts(variables: Variables) -> Iterator[str]:
    """Yield the problems of segments by a cohort."""
    names = [cohort.name for cohort in variables.cohorts]
    for model, where, key, column in _used_columns(variables):
        if model == "events" and _is_cohort(key, column):
            problem = cohort_problem(column, names)
            if problem:
                yield f"{where}: {key} is {column}. {problem}"
    for number, metric in enumerate(variables.metrics):
        for value in metric.segments:
            if value.column.startswith(COHORT) and value.model_fields_set != {"column"}:
                where = _entry("metrics", number, metric.name)
                yield f"{where}: a segment by {value.column} takes no other key."


def cohort_problem(segment: str, names: Collection[str]) -> str:
    """Return what is wrong with a segment by a cohort, ``cohort.NAME``; an empty text if nothing."""
    name = segment.removeprefix(COHORT)
    if name in names:
        return ""
    if not names:
        return "The variable cohorts has no entry."
    return f"There is no cohort {name}, only {', '.join(names)}.{near_name(name, names)}"


def columns_of(model: str) -> list[str]:
    """Return the columns that one of our models has without configured ones, by its yml."""
    [file] = (models_folder() / "models").rglob(f"{model}.yml")
    [found] = [each for each in load_yaml(file)["models"] if each["name"] == model]
    return [column["name"] for column in found["columns"]]


def _funnels(variables: Variables) -> Iterator[str]:
    for number, funnel in enumerate(variables.funnels):
        for problem in _places(funnel):
            yield f"{_entry('funnels', number, funnel.name)}{problem}"


def _places(funnel: FunnelEntry) -> Iterator[str]:
    places = [*range(1, len(funnel.steps) + 1), "first_defined", "last_defined"]
    if funnel.segment_at not in places:
        yield (
            f": segment_at is {funnel.segment_at}, which is none of "
            f"{', '.join(map(str, places))}."
            + near_name(funnel.segment_at, ["first_defined", "last_defined"])
        )
    if funnel.order == "any" and funnel.reentry != "default":
        yield ": with order any, reentry can only be default, since there is no first step."
    for each in funnel.exclude:
        if each.after and each.after >= len(funnel.steps):
            yield (
                f": exclude has {each.event} after step {each.after}, and there are "
                f"{len(funnel.steps)} steps; after may be 1 to {len(funnel.steps) - 1}."
            )


def check_funnel(definition: dict[str, Any]) -> list[str]:
    """Return the names of all events of a funnel that is no variable of a project.

    Raises:
        ConfigError: if there is a mistake in it.
    """
    prefix = _entry("funnels", 0, definition["name"])
    problems: list[str] = []
    try:
        funnel = FunnelEntry.model_validate(definition)
        problems = list(_places(funnel))
        events = funnel.events()
    except ValidationError as error:
        for each in error.errors():
            found = {**each, "loc": ("funnels", 0, *each["loc"])}
            text = _problem_text(cast(ErrorDetails, found), {"funnels": [definition]})
            problems.append(text.removeprefix(prefix))
    if problems:
        raise ConfigError(" ".join(f"The funnel{each}" for each in dict.fromkeys(problems)))
    return events


def _metrics(variables: Variables) -> Iterator[str]:
    for number, metric in enumerate(variables.metrics):
        problem = metric.problem()
        if problem:
            yield f"{_entry('metrics', number, metric.name)}: {problem}"


def unknown_events(variables: Variables, known: Collection[str]) -> list[str]:
    """Return a sentence for each event that a definition names and that is not among ``known``,
    with the nearest name of these."""
    return [
        f"{where}: no event {event} was ever seen.{near_name(event, known)}"
        for where, event in dict.fromkeys(variables.events_by_place())
        if event not in known
    ]
