"""The pictures that an alert or a violation refers to: where they are kept, and for how long."""
