"""Named accounts, and the choice of the credentials in force."""

import os
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from mixpanel_data._internal.api.urls import is_loopback
from mixpanel_data._internal.auth import accounts_toml
from mixpanel_data._internal.auth.accounts_file import AccountsFile
from mixpanel_data._internal.auth.credentials import (
    VARIABLES,
    AccountInfo,
    Credentials,
    credentials_from,
    environment_credentials,
)
from mixpanel_data._internal.settings import Settings, dlt_section
from mixpanel_data._internal.text import shorten
from mixpanel_data.exceptions import (
    AccountExistsError,
    AccountNotFoundError,
    ConfigError,
    ConfigWarning,
)

__all__ = ["AccountInfo", "ConfigManager", "Credentials", "Resolution"]

_FIELDS = tuple(VARIABLES.values())


@dataclass(frozen=True)
class Resolution:
    """Credentials and their origin.

    ``origin`` is ``environment``, a file, or ``account 'x'`` with what named it; ``account`` is the
    account's name, and None for credentials that belong to no account.
    """

    credentials: Credentials
    origin: str
    account: str | None = None


class ConfigManager:
    """The accounts file: ``config_path``, else MP_CONFIG_PATH, else ``~/.mp/config.toml``.

    A folder means the ``config.toml`` in it. Threads and processes may use the file at the same
    time.

    Raises:
        ConfigError: from every method, if the file can't be read or written, is malformed, or is a
            link.
    """

    def __init__(
        self, config_path: Path | str | None = None, *, _config_path: Path | str | None = None
    ) -> None:
        self._given = config_path or _config_path

    def __repr__(self) -> str:
        return f"ConfigManager({str(self.config_path)!r})"

    @cached_property
    def config_path(self) -> Path:
        """The path of the accounts file, which need not exist."""
        given = self._given or os.environ.get("MP_CONFIG_PATH", "").strip() or "~/.mp/config.toml"
        try:
            path = Path(given).expanduser().absolute()
            return path / "config.toml" if path.is_dir() else path
        except RuntimeError:
            raise ConfigError("There is no home folder here: set MP_CONFIG_PATH.") from None
        except OSError as error:
            raise ConfigError(
                f"The accounts file can't be {str(given)!r}: {error.strerror}. "
                "Set MP_CONFIG_PATH to another.",
                details={"path": str(given)},
            ) from None

    def list_accounts(self) -> list[AccountInfo]:
        """Return all service accounts in the order of the file, without secrets."""
        data = self._load()
        return [self._info(data, name) for name in accounts_toml.service_accounts(data)]

    def get_account(self, name: str) -> AccountInfo:
        """Return one account without its secret.

        Args:
            name: Name of the account.

        Raises:
            AccountNotFoundError: if there is no account of this name.
        """
        return self._info(self._load(), name)

    def get_credentials(self, name: str) -> Credentials:
        """Return the credentials of one account, with its secret.

        Args:
            name: Name of the account.

        Raises:
            AccountNotFoundError: if there is no account of this name.
        """
        return self._credentials(self._load(), name)

    def add_account(
        self, name: str, username: str, secret: str, project_id: str, region: str
    ) -> None:
        """Add an account. The first one becomes the default.

        Args:
            name: Name of the account.
            username: User name of the service account.
            secret: Its secret.
            project_id: Number of the Mixpanel project.
            region: ``us``, ``eu`` or ``in``.

        Raises:
            AccountExistsError: if there is an account of this name.
            ConfigError: if a value is blank, or the region is unknown.
        """
        if not name.strip():
            raise ConfigError("An account needs a name.")
        given = dict(zip(_FIELDS, (username, secret, project_id, region), strict=True))
        account = credentials_from(given, f"What was given for '{name}'")
        fields = account.model_dump() | {"secret": account.secret.get_secret_value()}

        def change(text: str) -> str:
            data = accounts_toml.parse_accounts(text)
            if name in data["accounts"]:
                raise AccountExistsError(name)
            text = accounts_toml.with_account(text, name, fields)
            others = accounts_toml.service_accounts(data)
            return text if others else accounts_toml.with_default(text, name)

        self._file.edit(change)

    def remove_account(self, name: str) -> None:
        """Remove an account.

        If it was the default and a single account remains, that one becomes the default. If several
        remain, there is no default.

        Args:
            name: Name of the account.

        Raises:
            AccountNotFoundError: if there is no account of this name.
        """

        def change(text: str) -> str:
            data = accounts_toml.parse_accounts(text)
            _existing(data, name)
            text = accounts_toml.without_account(text, name)
            if accounts_toml.default_account(data) != name:
                return text
            # Never guess between several: the wrong project's data would be fetched unnoticed.
            rest = [other for other in accounts_toml.service_accounts(data) if other != name]
            return accounts_toml.with_default(text, rest[0] if len(rest) == 1 else None)

        self._file.edit(change)

    def set_default(self, name: str) -> None:
        """Make the account the default, which is used if no account is named.

        Args:
            name: Name of the account.

        Raises:
            AccountNotFoundError: if there is no account of this name.
        """

        def change(text: str) -> str:
            _existing(accounts_toml.parse_accounts(text), name)
            return accounts_toml.with_default(text, name)

        self._file.edit(change)

    def resolve_credentials(self, account: str | None = None) -> Credentials:
        """Return the credentials in force; see :meth:`resolve`.

        Args:
            account: Name of an account. None: the one in force.
        """
        return self.resolve(account).credentials

    def resolve(self, account: str | None = None) -> Resolution:
        """Return the credentials in force, and their origin.

        Precedence: the environment, if MP_USERNAME, MP_SECRET, MP_PROJECT_ID and MP_REGION are all
        set; ``account``; the account that MP_ACCOUNT names; the default account. An environment
        that hides a named account, or is set in part beside one, causes a ConfigWarning.

        Args:
            account: Name of an account. None: the one in force.

        Raises:
            AccountNotFoundError: if the named account does not exist.
            ConfigError: if there are no credentials, or only some of the variables are set and no
                account is named.
        """
        chosen = os.environ.get("MP_ACCOUNT", "").strip() or None
        name, why = (account, "named") if account is not None else (chosen, "MP_ACCOUNT")
        credentials = environment_credentials(hides=name)
        if credentials:
            return Resolution(credentials, "environment")
        data = self._load()
        if name is None:
            name, why = self._default(data), "default"
        return Resolution(self._credentials(data, name), f"account '{name}' ({why})", name)

    @property
    def _file(self) -> AccountsFile:
        return AccountsFile(self.config_path)

    def _load(self) -> dict[str, Any]:
        with self._file.reading() as text:
            return accounts_toml.parse_accounts(text)

    def _credentials(self, data: dict[str, Any], name: str) -> Credentials:
        account = _existing(data, name)
        where = f"[accounts.{name}] in {self.config_path}"
        kind = accounts_toml.account_type(account)
        if kind != accounts_toml.SERVICE_ACCOUNT:
            raise ConfigError(
                f"{where} is of the type {shorten(kind, 40)!r}, and only a service account can export events. "
                "Add one by `mp auth add`.",
                details={"account_name": name, "type": shorten(kind, 40)},
            )
        return credentials_from(accounts_toml.account_fields(account), where)

    def _info(self, data: dict[str, Any], name: str) -> AccountInfo:
        fields = self._credentials(data, name).model_dump(exclude={"secret"})
        return AccountInfo(
            name=name, is_default=accounts_toml.default_account(data) == name, **fields
        )

    def _default(self, data: dict[str, Any]) -> str:
        if name := accounts_toml.default_account(data):
            return name
        known = accounts_toml.service_accounts(data)
        hint = f", or `mp auth default` with one of: {', '.join(known)}" if known else ""
        raise ConfigError(
            f"No Mixpanel account is set up. Run `mp auth add`{hint}; "
            f"or set {', '.join(VARIABLES)}.",
            details={"config_path": self.config_path, "available_accounts": known},
        )


def _existing(data: dict[str, Any], name: str) -> dict[str, Any]:
    if name not in data["accounts"]:
        raise AccountNotFoundError(name, data["accounts"])
    account: dict[str, Any] = data["accounts"][name]
    return account


SECRETS = "secrets.toml"


def find_credentials(settings: Settings, account: str | None = None) -> Resolution:
    """Return the credentials in force for ``settings``, and their origin.

    Precedence: the four ``MP_*`` variables, the account named here or in the settings,
    ``.dlt/secrets.toml``, the default account.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        account: Name of an account. None: the one in force.

    Raises:
        AccountNotFoundError: if the named account does not exist.
        ConfigError: if there are no credentials, only some of the variables are set, or the
            credentials may not be sent to the API base URL.
    """
    name = account or settings.account
    section = dlt_section(settings.project.root, SECRETS).get("credentials")
    # An account that was chosen by name takes precedence over the folder's file.
    if isinstance(section, dict) and not name and environment_credentials(hides=None) is None:
        found = Resolution(credentials_from(section, f".dlt/{SECRETS}"), f".dlt/{SECRETS}")
    else:
        found = ConfigManager().resolve(name)
    return require_trusted(settings, found)


def require_trusted(settings: Settings, found: Resolution) -> Resolution:
    """Return ``found`` if its secret may be sent to the API base URL of ``settings``.

    A file in a folder may set the address for the credentials beside it, but not for those of the
    environment or of an account: otherwise the author of a cloned folder would receive the secret
    of everyone who runs a command in it. For these, only a variable may set the address.

    Raises:
        ConfigError: if the address is from a file of the folder, and the credentials are not.
    """
    url = settings.api_base_url
    if url is None:
        return found
    try:
        host = httpx.URL(url).host
    except httpx.InvalidURL:
        return found  # the client reports it, with the reason
    origin = settings.origin("api_base_url")
    if origin.endswith(".toml") and not found.origin.endswith(".toml"):
        raise ConfigError(
            f"{origin} here would send the secret of {found.origin} to {host or url}. "
            "An address in a folder counts only for the credentials in the same folder, in "
            f".dlt/secrets.toml. If {host or url} may have these, set MP_API_BASE_URL={url}; "
            f"if not, remove api_base_url from {origin}.",
            details={"api_base_url": url, "host": host, "credentials": found.origin},
        )
    if not is_loopback(host):
        warnings.warn(
            f"Requests, with the secret, go to {host} ({origin}), and not to Mixpanel.",
            ConfigWarning,
            stacklevel=2,
        )
    return found
