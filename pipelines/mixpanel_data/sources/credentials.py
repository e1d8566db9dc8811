"""The credentials of the source, as dlt resolves them."""

from typing import Any, ClassVar

from dlt.common.configuration import configspec
from dlt.common.configuration.specs import CredentialsConfiguration
from dlt.common.typing import TSecretStrValue

from mixpanel_data._internal.auth.credentials import Credentials, credentials_from
from mixpanel_data._internal.config import Resolution, find_credentials, require_trusted
from mixpanel_data._internal.settings import Settings, dlt_section, load_settings

SECRETS = "secrets.toml"


@configspec
class MixpanelCredentials(CredentialsConfiguration):
    """A service account and its project, in ``[sources.mixpanel.credentials]``.

    What dlt's configuration lacks is that of ``mp``: the variables ``MP_USERNAME``, ``MP_SECRET``,
    ``MP_PROJECT_ID`` and ``MP_REGION``, or a named account of ``mp auth``.
    """

    username: str = None  # type: ignore[assignment]  # dlt's form of a required field
    secret: TSecretStrValue = None  # type: ignore[assignment]
    project_id: str | None = None
    """Digits."""
    region: str | None = None
    """``us``, ``eu`` or ``in``."""

    __config_gen_annotations__: ClassVar[list[str]] = ["project_id", "region"]

    def on_partial(self) -> None:
        """Use the credentials of ``mp`` if dlt's configuration has neither name nor secret.

        Raises:
            ConfigError: if there are none, either.
        """
        if self.username or self.secret:
            return
        found = find_credentials(load_settings()).credentials
        self.username, self.secret = found.username, found.secret.get_secret_value()
        self.project_id = self.project_id or found.project_id
        self.region = self.region or found.region
        self.resolve()

    def to_credentials(
        self, settings: Settings, *, project_id: str | None, region: str | None
    ) -> Credentials:
        """Return the validated credentials; the arguments have precedence if they are not None.

        Raises:
            ConfigError: if a value is missing or invalid, or ``settings`` have an address that may
                not get the secret.
        """
        fields: dict[str, Any] = {
            "username": self.username,
            "secret": self.secret,
            "project_id": project_id or self.project_id,
            "region": region or self.region,
        }
        section = dlt_section(settings.project.root, SECRETS).get("credentials")
        is_of_file = isinstance(section, dict) and section.get("secret") == self.secret
        origin = f".dlt/{SECRETS}" if is_of_file else "the source's credentials"
        given = {name: value for name, value in fields.items() if value is not None}
        credentials = credentials_from(given, origin)
        return require_trusted(settings, Resolution(credentials, origin)).credentials
