"""The macro ``prop``, which reads a property by its name as it is.

The published file has it, too, from dbt's macro ``create_prop``.
"""

PROP = "prop"
# A path that begins with a slash is a JSON pointer, in which ~ and / of names are escaped.
CREATE_PROP = (
    f"MACRO {PROP}(properties, name) AS "
    "json_extract_string(properties, '/' || replace(replace(name, '~', '~0'), '/', '~1'))"
)
