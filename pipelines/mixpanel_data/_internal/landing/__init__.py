"""Response bodies on disk, each verified to be complete, and their lines that can't be loaded."""
