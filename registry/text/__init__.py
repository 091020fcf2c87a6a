"""JSON and YAML files as data that keeps its text: values, places, and edits that leave every other byte alone."""
