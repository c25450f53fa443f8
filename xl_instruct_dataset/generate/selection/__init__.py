"""Choosing among answers and translations, and writing the rows."""
