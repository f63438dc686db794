"""Says why a row of a CSV file cannot be read."""

import csv


def broken(error: csv.Error) -> str:
    """The reason, in plain words, why the csv module could not read a row."""
    text = str(error)
    if "field larger than" in text or "unexpected end of data" in text:
        return "a quoted cell is opened here and never closed"
    if "expected after" in text:
        return "a quote stands inside a quoted cell; write it twice"
    if "new-line character" in text:
        return "a line end stands in the middle of the line"
    return text
