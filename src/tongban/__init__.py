"""Tongban 通办: treatment away from home, handled once, through one door."""

__version__ = "0.1.0"
