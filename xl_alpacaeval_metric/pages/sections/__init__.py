"""What the sections of a page show of the runs: each a chart, and the table behind it."""
