"""Own your Mixpanel data: complete, repeatable extraction into DuckDB, modelled by dbt."""

from mixpanel_data.exceptions import (
    AccountExistsError,
    AccountNotFoundError,
    APIError,
    AuthenticationError,
    ConfigError,
    ConfigWarning,
    DatabaseLockedError,
    IncompleteExportError,
    MixpanelDataError,
    QueryError,
    RateLimitError,
    ServerError,
    TableExistsError,
    TableNotFoundError,
)

__all__ = [
    "APIError",
    "AccountExistsError",
    "AccountNotFoundError",
    "AuthenticationError",
    "ConfigError",
    "ConfigWarning",
    "DatabaseLockedError",
    "IncompleteExportError",
    "MixpanelDataError",
    "QueryError",
    "RateLimitError",
    "ServerError",
    "TableExistsError",
    "TableNotFoundError",
]
