"""Bodies on disk, each proven whole, and the lines of them that can't be loaded."""
