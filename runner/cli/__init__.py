"""The command line: the one program, for registry and runner alike."""
