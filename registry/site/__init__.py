"""The catalog as a static web site."""
