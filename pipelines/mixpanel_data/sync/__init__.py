"""The job: extract, load, build, publish; and what is known of a data folder."""
