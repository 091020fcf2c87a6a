"""Hiding secrets in everything that is shown or stored."""
