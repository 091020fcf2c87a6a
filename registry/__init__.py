"""The registry: step templates, where they come from, and every version they ever had."""
