"""The shop's records in X-Series' words."""
