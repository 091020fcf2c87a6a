"""Values: which one wins and why, the system's own, and names that nothing defines."""
