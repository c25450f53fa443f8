"""Frozen records that the rooms pass to each other."""
