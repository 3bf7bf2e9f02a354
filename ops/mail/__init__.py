"""Mail that needs a person: sent or not, nobody could tell."""
