"""What differs between two versions of a template, and what that means for those who use it."""
