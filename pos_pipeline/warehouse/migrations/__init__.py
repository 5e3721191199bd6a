"""Versions of the control schemas `pos` and `etl`; raw tables follow the providers' declarations."""
