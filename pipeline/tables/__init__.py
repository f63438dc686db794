"""Reference data in files: CSV and JSON, every bad line refused with its place and reason."""
