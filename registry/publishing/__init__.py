"""Every change to the library, one commit each: import, publish, deprecate, remove, patch."""
