"""Settings, the data folder, and values as people write them: the public names."""

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.settings import Settings, load_settings
from mixpanel_data._internal.text import format_duration, format_size, parse_day, parse_duration

__all__ = [
    "DataFolder",
    "Settings",
    "format_duration",
    "format_size",
    "load_settings",
    "parse_day",
    "parse_duration",
]
