"""Postgres: where it runs (`embedded`), how it is reached (`database`), what is in it (`migrations`)."""
