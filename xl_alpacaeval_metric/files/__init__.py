"""Files: JSON lines, tables of rows, Parquet for the Hub."""
