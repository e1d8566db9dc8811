"""A visit as a list of steps: the event, the pause since the step before, and its properties."""

from random import Random
from typing import Any, NamedTuple

from mixpanel_data.sandbox.shop.catalogue import PRODUCTS, Product

_PAGES = (
    "/",
    "/sale",
    "/new",
    "/shoes",
    "/clothing",
    "/bags",
    "/home",
    "/about",
    "/blog/care-guide",
)
_SEARCHES = (
    "boots",
    "gift",
    "laptop bag",
    "wool",
    "café",
    "waterproof",
    "ribbon 🎀",
    'so-called "slim"',
)
_COUPONS = (None, None, None, "WELCOME10", "AUTUMN")
_FIRST_ORDER = 9_007_199_254_740_993  # 2**53 + 1: the first integer a float can't hold

# How many go on to the next step of the funnel.
_SHOPS = 0.62  # also views products, not only pages
_ADDS = 0.42
_CHECKS_OUT = 0.55
_PAYS = 0.78
BUYS = 0.86


class Step(NamedTuple):
    """A future event; ``pause`` is seconds since the step before."""

    name: str
    pause: float
    properties: dict[str, Any]


def visit(rng: Random, *, signs_up: bool, is_known: bool, buys: float = BUYS) -> list[Step]:
    """Return a complete visit, from the first page to where it ends.

    ``buys`` is how many of those who entered their payment then pay.
    """
    steps = [_page(rng, "/")]
    steps += [_page(rng) for _ in range(rng.randrange(4))]
    if signs_up:
        method = rng.choice(("email", "google", "apple"))
        steps.append(Step("Signed Up", rng.uniform(20, 90), {"method": method}))
    elif is_known and rng.random() < 0.3:
        steps.append(Step("Logged In", rng.uniform(4, 30), {"method": "email"}))
    if rng.random() < _SHOPS:
        steps += _shopping(rng, buys)
    return steps


def _shopping(rng: Random, buys: float) -> list[Step]:
    steps = []
    if rng.random() < 0.35:
        found = rng.randrange(40)
        details = {"query": rng.choice(_SEARCHES), "results": found, "search filters": ["in stock"]}
        steps.append(Step("Searched", rng.uniform(5, 40), details))
    seen = [rng.choice(PRODUCTS) for _ in range(rng.randrange(1, 6))]
    steps += [Step("Product Viewed", rng.uniform(8, 120), _about(product)) for product in seen]
    if rng.random() < _ADDS:
        steps += _cart(rng, seen[-rng.randrange(1, 4) :], buys)
    return steps


def _cart(rng: Random, products: list[Product], buys: float) -> list[Step]:
    items = [
        {**_about(product), "quantity": rng.choice((1, 1, 1, 2, 3)), "options": {"gift": False}}
        for product in products
    ]
    steps = [Step("Product Added", rng.uniform(5, 60), dict(item)) for item in items]
    if rng.random() < 0.15:
        steps.append(Step("Product Removed", rng.uniform(5, 60), dict(items[0])))
        items = items[1:]
    total = round(sum(item["price"] * item["quantity"] for item in items), 2)
    cart = {"cart": items, "cart_value": total, "items_count": len(items)}
    steps.append(Step("Cart Viewed", rng.uniform(3, 40), cart))
    if items and rng.random() < _CHECKS_OUT:
        steps += _checkout(rng, cart, buys)
    return steps


def _checkout(rng: Random, cart: dict[str, Any], buys: float) -> list[Step]:
    steps = [Step("Checkout Started", rng.uniform(4, 30), cart)]
    if rng.random() >= _PAYS:
        return steps
    method = rng.choice(("card", "card", "paypal", "invoice"))
    steps.append(Step("Payment Info Entered", rng.uniform(20, 120), {"payment_method": method}))
    if rng.random() < buys:
        steps.append(Step("Purchase", rng.uniform(5, 60), cart | _order(rng, cart, method)))
    return steps


def _order(rng: Random, cart: dict[str, Any], method: str) -> dict[str, Any]:
    coupon = rng.choice(_COUPONS)
    return {
        "order_id": _FIRST_ORDER + 2 * rng.getrandbits(40),
        "revenue": round(cart["cart_value"] * (0.9 if coupon else 1.0), 2),
        "currency": "EUR",
        "payment_method": method,
        "coupon": coupon,
        "shipping": {"method": "parcel", "estimate": {"days": rng.randrange(1, 6)}},
    }


def _page(rng: Random, path: str | None = None) -> Step:
    path = path or rng.choice(_PAGES)
    details = {"$current_url": f"https://shop.example{path}", "page": path}
    return Step("Page Viewed", rng.uniform(2, 75), details)


def _about(product: Product) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "product": product.name,
        "category": product.category,
        "price": product.price,
    }
