"""Reads reference data from files of CSV, JSON and XML, and writes it as CSV or JSON. Every bad line is refused; the first
hundred are told with their place and the reason."""
