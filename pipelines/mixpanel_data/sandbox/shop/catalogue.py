"""The shop's products, cities, channels and devices."""

from typing import Any, NamedTuple


class Product(NamedTuple):
    """A product for sale."""

    sku: str
    name: str
    category: str
    price: float  # EUR


class City(NamedTuple):
    """A city, named like in Mixpanel's geolocation, and its offset from UTC."""

    name: str
    region: str
    country: str
    timezone: str
    utc_offset: int  # hours; the invented shop has no daylight saving


class Channel(NamedTuple):
    """The origin of a visit."""

    utm: dict[str, str]
    referrer: str | None


class Device(NamedTuple):
    """The properties that Mixpanel's SDKs send about a device."""

    properties: dict[str, Any]
    is_mobile: bool


PRODUCTS = tuple(
    Product(f"SKU-{100 + number}", name, category, price)
    for number, (name, category, price) in enumerate(
        [
            ("Trail Runner", "Shoes", 119.0),
            ("City Sneaker", "Shoes", 89.5),
            ("Café Loafer", "Shoes", 134.95),
            ("Rain Boot", "Shoes", 74.0),
            ("Merino Tee", "Clothing", 49.9),
            ("Linen Shirt", "Clothing", 69.0),
            ("Down Jacket", "Clothing", 219.0),
            ("Wool Beanie", "Clothing", 24.5),
            ("Canvas Tote", "Bags", 39.0),
            ("Day Pack 20L", "Bags", 99.0),
            ("Roller Cabin", "Bags", 189.0),
            ("Enamel Mug ☕", "Home", 16.0),
            ("Desk Lamp", "Home", 59.0),
            ("Beeswax Candle", "Home", 21.0),
            ("Notebook A5", "Paper", 12.5),
            ("Fountain Pen", "Paper", 45.0),
            ("Gift Card", "Gifts", 50.0),
            ("Mystery Box 🎁", "Gifts", 79.0),
        ]
    )
)

CITIES = (
    City("Berlin", "Land Berlin", "DE", "Europe/Berlin", 1),
    City("München", "Bavaria", "DE", "Europe/Berlin", 1),
    City("Paris", "Île-de-France", "FR", "Europe/Paris", 1),
    City("London", "England", "GB", "Europe/London", 0),
    City("Madrid", "Madrid", "ES", "Europe/Madrid", 1),
    City("Austin", "Texas", "US", "America/Chicago", -6),
    City("New York", "New York", "US", "America/New_York", -5),
    City("San Francisco", "California", "US", "America/Los_Angeles", -8),
    City("São Paulo", "São Paulo", "BR", "America/Sao_Paulo", -3),
    City("Bengaluru", "Karnataka", "IN", "Asia/Kolkata", 5),
    City("東京", "Tokyo", "JP", "Asia/Tokyo", 9),
)
CITY_WEIGHTS = (14, 7, 9, 12, 6, 9, 14, 10, 6, 8, 5)

CHANNELS = (
    Channel({}, "$direct"),
    Channel({}, "https://www.google.com/"),
    Channel(
        {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "brand", "utm_term": "shoes"},
        "https://www.google.com/",
    ),
    Channel(
        {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "weekly_digest"}, None
    ),
    Channel(
        {
            "utm_source": "instagram",
            "utm_medium": "paid_social",
            "utm_campaign": "autumn/winter",
            "utm_content": "video 15s",
        },
        "https://l.instagram.com/",
    ),
    Channel(
        {"utm_source": "partner", "utm_medium": "referral"}, "https://partner.example/deals?id=7"
    ),
)
CHANNEL_WEIGHTS = (34, 24, 14, 12, 11, 5)


def _web(system: str, browser: str, version: int | str, width: int, height: int) -> Device:
    return Device(
        {
            "$os": system,
            "$browser": browser,
            "$browser_version": version,
            "$screen_width": width,
            "$screen_height": height,
            "mp_lib": "web",
            "$lib_version": "2.55.1",
        },
        is_mobile=False,
    )


def _app(system: str, model: str, maker: str, width: int, height: int) -> Device:
    return Device(
        {
            "$os": system,
            "$model": model,
            "$manufacturer": maker,
            "$app_version_string": "4.12.0",
            "$screen_width": width,
            "$screen_height": height,
            "mp_lib": "iphone" if system == "iOS" else "android",
            "$lib_version": "7.5.2",
        },
        is_mobile=True,
    )


DEVICES = (
    _web("Mac OS X", "Chrome", 131, 1512, 982),
    _web("Windows", "Chrome", 130, 1920, 1080),
    _web("Windows", "Microsoft Edge", 131, 1536, 864),
    _web("Mac OS X", "Safari", "18.1", 1440, 900),  # a text here, a number in the other browsers
    _web("Linux", "Firefox", 132, 2560, 1440),
    _app("iOS", "iPhone16,1", "Apple", 393, 852),
    _app("Android", "Pixel 9", "Google", 412, 915),
)
DEVICE_WEIGHTS = (18, 24, 8, 14, 4, 20, 12)

PLANS = ("free", "plus", "pro")
FIRST_NAMES = (
    "Ada",
    "Björn",
    "Chloé",
    "Dmitri",
    "Élodie",
    "Farid",
    "Grace",
    "Hana",
    "Inés",
    "José",
    "Kofi",
    "Lena",
    "Minh",
    "Noor",
    "Olu",
    "Priya",
    "Quinn",
    "Rosa",
    "Søren",
    "Tomoko",
    "Uma",
    "Viktor",
    "Wren",
    "Ximena",
    "Yusuf",
    "Zoë",
)
LAST_NAMES = (
    "Adeyemi",
    "Brown",
    "Chen",
    "Dupont",
    "Eriksen",
    "Fischer",
    "García",
    "Haddad",
    "Ivanova",
    "Jones",
    "Kim",
    "López",
    "Müller",
    "Nguyen",
    "O'Neill",
    "Patel",
    "Rossi",
    "Santos",
    "Tanaka",
    "Weber",
)
