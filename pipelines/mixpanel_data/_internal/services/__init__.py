"""What the library does with a project, one service a purpose.

The operations that read, of Mixpanel's OpenAPI files for export, query, lexicon and annotations; a test holds the table
to those files. What writes (ingestion, identities, the rest of lexicon and annotations) is not for a library that reads.

| operation | in Python | at a shell |
|---|---|---|
| GET /export | Workspace.fetch_events, Workspace.stream_events | mp sync, mp fetch events |
| POST /engage | Workspace.fetch_profiles, Workspace.stream_profiles | mp sync, mp fetch profiles |
| GET /insights | Workspace.insights | mp query insights |
| GET /funnels | Workspace.funnel | mp query funnel |
| GET /funnels/list | Workspace.funnels | mp inspect funnels |
| GET /retention | Workspace.retention | mp query retention |
| GET /retention/addiction | Workspace.frequency | mp query frequency |
| GET /segmentation | Workspace.segmentation | mp query segmentation |
| GET /segmentation/numeric | Workspace.numeric_buckets | mp query numeric --aggregate buckets |
| GET /segmentation/sum | Workspace.numeric_sum | mp query numeric --aggregate sum |
| GET /segmentation/average | Workspace.numeric_average | mp query numeric --aggregate average |
| GET /stream/query | Workspace.activity_feed | mp query activity |
| POST /cohorts/list | Workspace.cohorts | mp inspect cohorts |
| GET /events | Workspace.event_counts | mp query event-counts |
| GET /events/top | Workspace.top_events | mp inspect top-events |
| GET /events/names | Workspace.events | mp inspect events |
| GET /events/properties | Workspace.property_counts | mp query property-counts |
| GET /events/properties/top | Workspace.properties | mp inspect properties |
| GET /events/properties/values | Workspace.property_values | mp inspect values |
| POST /jql | Workspace.jql | mp query jql |
| GET /projects/{projectId}/schemas | Workspace.lexicon | mp inspect lexicon |

Undocumented and used all the same, as Mixpanel's own headless client does: ``GET /me`` (``mp auth test``, ``mp doctor``) and
``GET /projects/{projectId}/bookmarks`` (``Workspace.bookmarks``, ``mp inspect bookmarks``).

Operations left out:

| operation | why |
|---|---|
| GET /projects/{projectId}/schemas/{entityType} | five calls a minute are allowed, so ``lexicon`` picks from the whole |
| GET /projects/{projectId}/schemas/{entityType}/{name} | the same |
| GET /projects/{projectId}/annotations | notes on charts: nothing here draws Mixpanel's charts |
| GET /projects/{projectId}/annotations/{annotationId} | the same |
| GET /projects/{projectId}/annotations/tags | the same |
| GET /lookup-tables | lists names of tables whose rows Mixpanel does not give back; in the ingestion file |

Parameters left out:

| parameter | why |
|---|---|
| project_id | the account's |
| workspace_id | that of the ``Workspace``, for all its reports: a data view; fetches are of the whole project |
| format | results have ``df.to_csv``; JSON says what is a number |
| interval of /events and /events/properties | another way to say ``from_date`` and ``to_date`` |
| interval of /funnels | another way to say ``unit`` |
| type, limit of /events/names | every name there is, up to Mixpanel's ceiling |
| limit, time_in_ms of /export | a part in no order is no data; always milliseconds |
| session_id, page of /engage | all pages are read, in one session |
| distinct_id, distinct_ids of /engage | a table of all profiles answers for each |
| behaviors, as_of_timestamp of /engage | the fetched events answer what people did |
| include_all_users of /engage | as Mixpanel has it: of a cohort, those without a profile too |
| data_group_id of /engage | group profiles are for ``mp sync`` (``MP_GROUPS``) |
"""
