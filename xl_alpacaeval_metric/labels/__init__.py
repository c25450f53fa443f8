"""Labels by people: sheets to label in, label files, agreement, and a judge held to them."""
