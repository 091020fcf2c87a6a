"""Every version of every template that was ever committed, in a database that can be rebuilt."""
