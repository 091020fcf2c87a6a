"""PowerShell scripts read by their grammar: what they use, and where that exists."""
