"""Statistics: win rates with intervals, length control, effects of a factor."""
