"""What the library does with a project, one service a purpose.

How the operations that read, of Mixpanel's query API and of its lexicon, are covered (a test holds this table to Mixpanel's
OpenAPI files):

| operation | here |
|---|---|
| GET /insights | LiveQueryService.insights |
| GET /funnels | LiveQueryService.funnel |
| GET /funnels/list | DiscoveryService.funnels |
| GET /retention | LiveQueryService.retention |
| GET /retention/addiction | LiveQueryService.frequency |
| GET /segmentation | LiveQueryService.segmentation |
| GET /segmentation/numeric | LiveQueryService.numeric_buckets |
| GET /segmentation/sum | LiveQueryService.numeric_sum |
| GET /segmentation/average | LiveQueryService.numeric_average |
| GET /stream/query | LiveQueryService.activity_feed |
| POST /cohorts/list | DiscoveryService.cohorts |
| POST /engage | MixpanelAPIClient.engage_pages: profiles are fetched whole, not asked for one by one |
| GET /events | LiveQueryService.event_counts |
| GET /events/top | DiscoveryService.top_events |
| GET /events/names | DiscoveryService.events |
| GET /events/properties | LiveQueryService.property_counts |
| GET /events/properties/top | DiscoveryService.properties |
| GET /events/properties/values | DiscoveryService.property_values |
| POST /jql | LiveQueryService.jql |
| GET /projects/{projectId}/schemas | DiscoveryService.lexicon |
| GET /projects/{projectId}/schemas/{entityType} | left out: five calls a minute are allowed, so lexicon picks from the whole |
| GET /projects/{projectId}/schemas/{entityType}/{name} | left out: the same |

Parameters left out:

| parameter | why |
|---|---|
| format | results have ``df.to_csv``; JSON says what is a number |
| interval of /events and /events/properties | another way to say ``from_date`` and ``to_date`` |
| interval of /funnels | another way to say ``unit`` |
"""
