"""A small Belgian network played through the whole road and held against the truth."""
