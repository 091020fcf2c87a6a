"""Is a valid template also a good one?

The rules are those of the community library's contribution checklist, and more; docs/lint.md lists them.
"""
