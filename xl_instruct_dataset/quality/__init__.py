"""Quality of generated texts: filters, near-duplicates, Markdown, clean replies."""
