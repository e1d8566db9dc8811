"""The results of the library: typed, immutable, with ``to_dict()`` for JSON and ``df`` for
pandas."""

from mixpanel_data.types._activity import ActivityFeedResult, UserEvent
from mixpanel_data.types._definitions import ImportedDefinitions, ImportedReport
from mixpanel_data.types._discovered import (
    BookmarkInfo,
    FunnelInfo,
    LexiconDefinition,
    LexiconMetadata,
    LexiconProperty,
    LexiconSchema,
    SavedCohort,
    TopEvent,
)
from mixpanel_data.types._fetched import FetchResult, RejectedLine
from mixpanel_data.types._funnels import (
    FunnelResult,
    FunnelStep,
    LocalFunnelResult,
    LocalFunnelStep,
)
from mixpanel_data.types._reports import InsightsResult, JQLResult, SavedReportResult
from mixpanel_data.types._retention import CohortInfo, FrequencyResult, RetentionResult
from mixpanel_data.types._segmentations import (
    EventCountsResult,
    NumericAverageResult,
    NumericBucketResult,
    NumericSumResult,
    PropertyCountsResult,
    SegmentationResult,
)
from mixpanel_data.types._storage import (
    ColumnInfo,
    TableInfo,
    TableMetadata,
    TableSchema,
    WorkspaceInfo,
)

__all__ = [
    "ActivityFeedResult",
    "BookmarkInfo",
    "CohortInfo",
    "ColumnInfo",
    "EventCountsResult",
    "FetchResult",
    "FrequencyResult",
    "FunnelInfo",
    "FunnelResult",
    "FunnelStep",
    "ImportedDefinitions",
    "ImportedReport",
    "InsightsResult",
    "JQLResult",
    "LexiconDefinition",
    "LexiconMetadata",
    "LexiconProperty",
    "LexiconSchema",
    "LocalFunnelResult",
    "LocalFunnelStep",
    "NumericAverageResult",
    "NumericBucketResult",
    "NumericSumResult",
    "PropertyCountsResult",
    "RejectedLine",
    "RetentionResult",
    "SavedCohort",
    "SavedReportResult",
    "SegmentationResult",
    "TableInfo",
    "TableMetadata",
    "TableSchema",
    "TopEvent",
    "UserEvent",
    "WorkspaceInfo",
]
