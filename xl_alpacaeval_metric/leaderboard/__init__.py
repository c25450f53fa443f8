"""Leaderboards: many runs read in a lean way, matched, ranked and written as a table."""
