"""The credentials of a service account for one project."""

import os
import warnings
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from mixpanel_data.exceptions import ConfigError, ConfigWarning


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


BYTE_ORDER_MARK = "\ufeff"
"""What some editors and shells write before a text."""


def _to_secret(value: object) -> object:
    if isinstance(value, str):
        return SecretStr(value.strip().removeprefix(BYTE_ORDER_MARK).strip())
    return value


Region = Literal["us", "eu", "in"]
"""The data residency of a project, set at its creation. Source: Mixpanel's page on managing
projects."""


class Credentials(BaseModel):
    """The credentials of a service account for one project.

    The secret appears in no repr, text or validation error.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        hide_input_in_errors=True,
    )

    username: str = Field(min_length=1)
    secret: SecretStr = Field(min_length=1)
    # A number as project_id in a TOML file is unambiguous; as a secret, 1e5 would not be.
    project_id: str = Field(min_length=1, pattern=r"^[0-9]+$", coerce_numbers_to_str=True)
    region: Annotated[Region, BeforeValidator(_lower)]

    @model_validator(mode="before")
    @classmethod
    def _hide_secret(cls, data: Any) -> Any:
        # hide_input_in_errors hides the input in an error's message, but not in .errors(), where it
        # is this dict.
        if isinstance(data, dict) and "secret" in data:
            return {**data, "secret": _to_secret(data["secret"])}
        return data

    @field_validator("secret")
    @classmethod
    def _sendable(cls, secret: SecretStr) -> SecretStr:
        try:
            secret.get_secret_value().encode()
        except UnicodeEncodeError:
            raise ValueError("not valid Unicode text") from None
        return secret


class AccountInfo(BaseModel):
    """The public data of a named account, without its secret."""

    model_config = ConfigDict(frozen=True)

    name: str
    username: str
    project_id: str
    region: Region
    is_default: bool


_PROBLEMS = {
    "missing": "is missing",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "literal_error": "is not us, eu or in",
    "string_type": "is not a text",
    "extra_forbidden": "is not known here",
    "string_pattern_mismatch": "is not a number",
}


def credentials_from(fields: dict[str, Any], where: str) -> Credentials:
    """Return the credentials in ``fields``, whose origin is ``where`` (a text for messages).

    Raise ConfigError with the name of each wrong field, never with a value.
    """
    try:
        return Credentials.model_validate(fields)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'entry'} "
            f"{_PROBLEMS.get(problem['type'], problem['msg'])}"
            for problem in error.errors(include_input=False, include_url=False)
        ]
    # Outside the except block, so that the error does not refer to one that has the input.
    raise ConfigError(
        f"{where} is not a complete account: {'; '.join(problems)}. "
        "It needs username, secret, project_id and region (us, eu or in).",
        details={"where": where, "problems": problems},
    )


VARIABLES = {
    "MP_USERNAME": "username",
    "MP_SECRET": "secret",
    "MP_PROJECT_ID": "project_id",
    "MP_REGION": "region",
}


def environment_credentials(*, hides: str | None) -> Credentials | None:
    """Return the credentials if all four variables are set and not empty; None if none is.

    Warn if they override the account ``hides``, which was chosen by name, and if only some are
    set beside it; warnings have names of variables, never values.

    Raises:
        ConfigError: if only some are set and no account was chosen by name, since another
            account's project would be used; or if all are set and one is invalid.
    """
    values = {name: os.environ.get(name, "").strip() for name in VARIABLES}
    given = [name for name, value in values.items() if value]
    missing = [name for name in VARIABLES if name not in given]
    if given and missing:
        text = f"{_join(given)} set without {_join(missing)}"
        if hides is None:
            raise ConfigError(
                f"{text}. Set all four, or unset {_join(given)} to use an account of `mp auth`.",
                details={"set": given, "missing": missing},
            )
        _warn(f"{text}: the environment is not used.")
    if missing:
        return None
    if hides is not None:
        _warn(f"{_join(given)} are set and are used instead of the account '{hides}'.")
    require_unquoted(values)
    fields = {field: values[name] for name, field in VARIABLES.items()}
    return credentials_from(fields, f"The environment ({_join(given)})")


def require_unquoted(variables: Mapping[str, str]) -> None:
    """Check values of environment variables.

    Raises:
        ConfigError: if one is in quotes, as some files of variables and containers pass it on.
    """
    for name, value in variables.items():
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            raise ConfigError(
                f"The value of {name} is in quotes, which are part of it. Write it without quotes.",
                details={"variable": name},
            )


def _warn(message: str) -> None:
    warnings.warn(message, ConfigWarning, stacklevel=4)


def _join(names: list[str]) -> str:
    return ", ".join(names)
