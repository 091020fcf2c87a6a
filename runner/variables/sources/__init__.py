"""Where values come from that are not written down (`from:`): a module for each kind, and the table of them."""
