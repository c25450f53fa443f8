"""Runs as one HTML page that opens from a disk: charts, tables, every answer."""
