"""Counts attempts at a funnel: the ``steps`` and the ``analysis`` of a response."""

from typing import Any

from mixpanel_data.sandbox.query.attempts import Attempt
from mixpanel_data.sandbox.saved import Funnel, Step


def result(funnel: Funnel, attempts: list[Attempt]) -> dict[str, Any]:
    """Return the part of the response about these attempts."""
    counts = [
        sum(len(attempt.facts) > number for attempt in attempts)
        for number in range(len(funnel.steps))
    ]
    steps = [_step(step, number, counts, attempts) for number, step in enumerate(funnel.steps)]
    ratios = [step["step_conv_ratio"] for step in steps]
    analysis = {
        "completion": counts[-1],
        "starting_amount": counts[0],
        "steps": len(counts),
        "worst": ratios.index(min(ratios)),
    }
    return {"steps": steps, "analysis": analysis}


def _step(step: Step, number: int, counts: list[int], attempts: list[Attempt]) -> dict[str, Any]:
    """Times are whole seconds, null for the first step and for a step that no user reached."""
    name = f"$custom_event:{step.custom.id}" if step.custom else step.events[0]
    return {
        "count": counts[number],
        "avg_time": _mean_seconds(attempts, number, number - 1),
        "avg_time_from_start": _mean_seconds(attempts, number, 0),
        "step_conv_ratio": _ratio(counts[number], counts[number - 1]) if number else 1,
        "overall_conv_ratio": _ratio(counts[number], counts[0]) if number else 1,
        "goal": name,
        "event": name,
        **_custom(step),
    }


def _custom(step: Step) -> dict[str, Any]:
    if step.custom is None:
        return {}
    return {
        "step_label": step.custom.name,
        "custom_event": True,
        "custom_event_id": step.custom.id,
    }


def _mean_seconds(attempts: list[Attempt], number: int, since: int) -> int | None:
    took = [
        each.times_ms[number] - each.times_ms[since]
        for each in attempts
        if len(each.facts) > number
    ]
    return round(sum(took) / len(took) / 1000) if took and number else None


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
