"""What a reference means: the sources that can be reached, and the templates in them. It only reads."""
