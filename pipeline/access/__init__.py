"""Persons, their rights, and the record of what they did. Pure: no server, no clock."""
