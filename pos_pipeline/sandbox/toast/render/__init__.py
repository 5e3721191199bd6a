"""The shop's records in Toast's words."""
