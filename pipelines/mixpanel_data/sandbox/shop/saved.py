"""The objects that the invented shop has saved in its Mixpanel project."""

from typing import Any

from mixpanel_data.sandbox.saved import (
    Annotation,
    Cohort,
    CustomEvent,
    Entry,
    Funnel,
    OtherReport,
    Report,
    Saved,
    Step,
)

_LOOKED = Step(("Searched", "Product Viewed"), custom=CustomEvent(9001, "Looked for something"))
_OLD = "2026-01-12 09:30:00"


def saved(first_day: str) -> Saved:
    """Return all of them; ``first_day`` (YYYY-MM-DD) is the one that the annotations mention."""
    return Saved(
        funnels=list(_FUNNELS),
        reports=list(_REPORTS),
        other_reports=list(_OTHER_REPORTS),
        cohorts=list(_COHORTS),
        lexicon=list(_LEXICON),
        annotations=_annotations(first_day),
        tags={1: "release", 2: "campaign", 3: "never used"},
    )


def _steps(*names: str) -> tuple[Step, ...]:
    return tuple(Step((name,)) for name in names)


_FUNNELS = (
    Funnel(7001, "From product to purchase", _steps("Product Viewed", "Product Added", "Purchase")),
    Funnel(
        7002,
        "Checkout",
        _steps("Checkout Started", "Payment Info Entered", "Purchase"),
        length=30,
        length_unit="minute",
    ),
    Funnel(7003, "Looked, then paid", (_LOOKED, *_steps("Purchase")), length=14),
    Funnel(
        7004,
        "First order by card",
        (Step(("Signed Up",)), Step(("Purchase",), where='properties["payment_method"] == "card"')),
        length=30,
    ),
)

_REPORTS = (
    Report(8001, "Orders a day", ("Purchase",), description="What the morning meeting looks at."),
    Report(8002, "Weekly shoppers", ("Product Viewed", "Purchase"), "unique", "week", days=56),
    Report(
        8003,
        "Orders by payment",
        ("Purchase",),
        unit="week",
        days=28,
        on='properties["payment_method"]',
        header="payment_method",
    ),
    Report(8004, "Visits a visitor", ("Page Viewed",), "average", "month", days=60),
)

_OTHER_REPORTS = (
    OtherReport(8101, "Do shoppers come back?", "retention"),
    OtherReport(8102, "Ways to the cart", "flows", "Undocumented in the API: only listed."),
)

_COHORTS = (
    Cohort(
        3001,
        "Paying plans",
        'properties["plan"] in ["plus", "pro"]',
        "2026-01-12 09:31:02",
        "On a plan that costs something.",
    ),
    Cohort(3002, "Big spenders", 'properties["lifetime_value"] > 500', "2026-02-03 17:00:45"),
    Cohort(
        3003,
        "Never ordered",
        'not (properties["orders"] > 0)',
        "2026-02-03 17:04:10",
        "Hidden; also those of whom nothing is known.",
        is_visible=False,
    ),
)


def _property(kind: str, description: str, **metadata: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "description": description,
        "metadata": {"com.mixpanel": {"hidden": False, "dropped": False, **metadata}},
    }


def _described(
    description: str, properties: dict[str, Any] | None = None, **metadata: Any
) -> dict[str, Any]:
    return {
        "description": description,
        "properties": properties or {},
        "metadata": {"com.mixpanel": {"tags": [], "hidden": False, "dropped": False, **metadata}},
    }


_LEXICON = (
    Entry(
        "event",
        "Purchase",
        _described(
            "An order was paid.",
            {
                "revenue": _property("number", "What was paid, EUR.", displayName="Revenue"),
                "order_id": _property("integer", "The shop's number of the order."),
                "coupon": _property("string", "The code, if one was used."),
                "cart": _property("array", "What was bought."),
            },
            displayName="Order completed",
            tags=["core", "money"],
            contacts=["shop@example.com"],
            teamContacts=["Checkout"],
        ),
    ),
    Entry("event", "Signed Up", _described("Somebody made an account.", tags=["core"])),
    Entry(
        "event",
        "Legacy Ping",
        _described("Sent by the old tracker. Not to be used.", hidden=True),
    ),
    Entry(
        "event",
        "shop/visit: 100 % $old",
        _described("Planned once, never sent: a name that needs encoding.", dropped=True),
    ),
    Entry(
        "profile",
        "$user",
        _described(
            "A customer.",
            {
                "plan": _property("string", "free, plus or pro."),
                "lifetime_value": _property("number", "All orders together, EUR."),
            },
        ),
    ),
)


def _annotations(first_day: str) -> list[Annotation]:
    return [
        Annotation(501, f"{first_day} 09:00:00", "The new shop goes live", (1,)),
        Annotation(502, f"{first_day} 18:30:00", "Newsletter: autumn / winter ☂", (1, 2)),
        Annotation(503, _OLD, "Tracking plan agreed"),
    ]
