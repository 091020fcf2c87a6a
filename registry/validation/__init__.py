"""Is a document right? Every problem at once, as data, with its place and the next step."""
