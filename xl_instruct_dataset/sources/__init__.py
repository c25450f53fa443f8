"""Sources of training rows: the bundled sample, folders, and datasets on the Hub."""
