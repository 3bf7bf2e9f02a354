"""How long copies of personal data are kept: rows from before they had a time."""
