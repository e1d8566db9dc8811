"""The smallest pipeline: ``python pipelines/mixpanel_pipeline.py``."""

import dlt

from mixpanel_data.sources import mixpanel_source

if __name__ == "__main__":
    pipeline = dlt.pipeline("mixpanel_to_duckdb", destination="duckdb", dataset_name="mixpanel")
    print(pipeline.run(mixpanel_source()))
