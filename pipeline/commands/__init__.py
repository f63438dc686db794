"""The commands of `vigie`: each joins what lies below it for a person at a terminal."""
