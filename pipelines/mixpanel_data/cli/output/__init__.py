"""The output of commands: rows, results, progress, summaries."""
