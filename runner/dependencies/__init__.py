"""The templates that a project uses: which, locked to what, and how to bring them up to date."""
