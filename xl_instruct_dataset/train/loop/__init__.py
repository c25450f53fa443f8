"""Evaluate, train, evaluate again, compare."""
