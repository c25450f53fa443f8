"""Parts of a text in another language, or in none, that are no switch."""
