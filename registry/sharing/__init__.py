"""Templates and processes leave and arrive: export, share bundles."""
