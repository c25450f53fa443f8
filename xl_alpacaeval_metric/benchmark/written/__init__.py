"""Texts for a benchmark that a model writes: references and translations."""
