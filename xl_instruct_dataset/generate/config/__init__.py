"""Settings of a generation job, its settings file and its work folder."""
