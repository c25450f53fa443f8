"""Judging: pairwise verdicts, ratings by criteria, what both will cost."""
