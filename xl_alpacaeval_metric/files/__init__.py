"""Files: JSON lines, rows of data files, foreign columns, Parquet for the Hub."""
