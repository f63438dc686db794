"""The commands of `vigie`: with each, a person at a terminal uses the other packages of `pipeline`."""
