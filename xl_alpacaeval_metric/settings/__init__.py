"""Settings of a job: declared once as a dataclass, read from a YAML file and from options."""
