"""The team's own repository of templates: reading it, and committing to it."""
