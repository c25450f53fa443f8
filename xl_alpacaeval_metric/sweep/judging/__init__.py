"""The judges of a sweep: opened once, asked while models answer, and about what is left."""
