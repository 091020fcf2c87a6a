"""What a process looks like: its steps in their order, and which step reads the outputs of which."""
