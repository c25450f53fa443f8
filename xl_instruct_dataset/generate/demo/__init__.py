"""A demonstration that needs no network."""
