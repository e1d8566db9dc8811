"""Own your Mixpanel data: complete, repeatable extraction into DuckDB, modelled by dbt.

Everything except the errors is imported on first use, so that ``import mixpanel_data`` is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mixpanel_data.exceptions import (
    AccountExistsError,
    AccountNotFoundError,
    APIError,
    AuthenticationError,
    ConfigError,
    ConfigWarning,
    DatabaseDamagedError,
    DatabaseLockedError,
    DatabaseMissingError,
    IncompleteExportError,
    MixpanelDataError,
    NothingPublishedError,
    QueryError,
    RateLimitError,
    RejectedLinesWarning,
    ServerError,
    StorageError,
    TableExistsError,
    TableNotFoundError,
)

if TYPE_CHECKING:
    from mixpanel_data.types import (
        ActivityFeedResult,
        BookmarkInfo,
        CohortInfo,
        ColumnInfo,
        EventCountsResult,
        FetchResult,
        FrequencyResult,
        FunnelInfo,
        FunnelResult,
        FunnelStep,
        InsightsResult,
        JQLResult,
        LexiconDefinition,
        LexiconMetadata,
        LexiconProperty,
        LexiconSchema,
        NumericAverageResult,
        NumericBucketResult,
        NumericSumResult,
        PropertyCountsResult,
        RejectedLine,
        RetentionResult,
        SavedCohort,
        SavedReportResult,
        SegmentationResult,
        TableInfo,
        TableMetadata,
        TableSchema,
        TopEvent,
        UserEvent,
        WorkspaceInfo,
    )
    from mixpanel_data.workspace import Workspace

__all__ = [
    "APIError",
    "AccountExistsError",
    "AccountNotFoundError",
    "ActivityFeedResult",
    "AuthenticationError",
    "BookmarkInfo",
    "CohortInfo",
    "ColumnInfo",
    "ConfigError",
    "ConfigWarning",
    "DatabaseDamagedError",
    "DatabaseLockedError",
    "DatabaseMissingError",
    "EventCountsResult",
    "FetchResult",
    "FrequencyResult",
    "FunnelInfo",
    "FunnelResult",
    "FunnelStep",
    "IncompleteExportError",
    "InsightsResult",
    "JQLResult",
    "LexiconDefinition",
    "LexiconMetadata",
    "LexiconProperty",
    "LexiconSchema",
    "MixpanelDataError",
    "NothingPublishedError",
    "NumericAverageResult",
    "NumericBucketResult",
    "NumericSumResult",
    "PropertyCountsResult",
    "QueryError",
    "RateLimitError",
    "RejectedLine",
    "RejectedLinesWarning",
    "RetentionResult",
    "SavedCohort",
    "SavedReportResult",
    "SegmentationResult",
    "ServerError",
    "StorageError",
    "TableExistsError",
    "TableInfo",
    "TableMetadata",
    "TableNotFoundError",
    "TableSchema",
    "TopEvent",
    "UserEvent",
    "Workspace",
    "WorkspaceInfo",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{'workspace' if name == 'Workspace' else 'types'}")
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
