"""Reads and writes reference data in files: CSV and JSON. Every bad line is refused with its place and the reason."""
