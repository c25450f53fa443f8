"""Words by language, and names of languages that the words of a line speak against."""
