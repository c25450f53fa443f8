"""Switches inside a line: spans of words in another language than asked for."""
