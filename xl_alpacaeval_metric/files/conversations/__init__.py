"""The conversation in a row of instruction data: columns by their usual names, turns, the rest."""
