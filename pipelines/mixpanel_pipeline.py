"""The smallest pipeline of dlt: ``python pipelines/mixpanel_pipeline.py``.

Any destination of dlt can stand in place of this one, such as ``destination="postgres"``.
"""

import dlt

from mixpanel_data.destinations.mixpanel_duckdb import mixpanel_duckdb
from mixpanel_data.sources import mixpanel_source

if __name__ == "__main__":
    destination = mixpanel_duckdb("mixpanel_copy.duckdb")
    pipeline = dlt.pipeline("mixpanel_copy", destination=destination, dataset_name="mixpanel")
    print(pipeline.run(mixpanel_source()))
