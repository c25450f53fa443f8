"""Publishing: a finished run as a dataset on the Hub, and in the formats of other tools."""
