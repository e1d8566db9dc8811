"""Errors about publish targets, without their secrets."""

from mixpanel_data._internal.publish_targets.configuration import PublishTarget
from mixpanel_data._redaction import REDACTED, redact
from mixpanel_data.exceptions import ConfigError, PublishTargetError

_SHORTEST_SECRET = 4
"""Characters. A shorter one would be found in every word, and protects nothing."""


def failed(target: PublishTarget, problem: str, remedy: str) -> PublishTargetError:
    """Return the error for a copy that was not made."""
    return PublishTargetError(
        clean(target, f"Publish target {target.name} ({target.place}): {problem}. {remedy}"),
        details={"target": target.name, "kind": target.kind},
    )


def missing_extra(target: PublishTarget, module: str, extra: str) -> ConfigError:
    """Return the error for a library that is not installed."""
    return ConfigError(
        f"Publish target {target.name} needs {module}, which is not installed: "
        f"pip install 'mixpanel-data[{extra}]'.",
        details={"target": target.name, "extra": extra},
    )


def clean(target: PublishTarget, text: str) -> str:
    """Return ``text`` without the secrets of the target and anything that looks like one."""
    for secret in target.secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, REDACTED)
    return redact(text)
