"""Runs: a model answers, a judge judges, everything is kept in a run folder; runs compared."""
