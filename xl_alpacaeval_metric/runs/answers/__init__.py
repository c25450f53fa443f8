"""The answers of a run: the candidate, the child process that generates, thoughts in replies."""
