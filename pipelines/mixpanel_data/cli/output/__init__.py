"""What commands print: rows, results, progress, summaries."""
