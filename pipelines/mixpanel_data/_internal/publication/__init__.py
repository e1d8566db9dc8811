"""From a green build to the file that readers open."""
