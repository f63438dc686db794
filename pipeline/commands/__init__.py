"""The commands of `vigie`: each lets a person at a terminal use the packages below."""
