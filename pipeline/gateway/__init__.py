"""Cameras in: what makers' cameras send becomes plate reads.

`protocols/` has one module a maker, pure: bytes in, items out. Everything that they share is here: multipart, XML and JSON that no
sender can hurt us with, times, countries, words. `reading` joins them: it recognises the maker, parses, ties what belongs to one
passage, and makes the answer for the sender.
"""
