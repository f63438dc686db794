"""Short pieces of bytes by row number, one after the other in one piece of memory: 8 bytes each beside their own length.

A bytes object of its own costs 33 bytes more, rounded up to 16, and 8 for the list that it stands in.
"""

from array import array

LENGTH_BITS = 24
MOST_BYTES = (1 << LENGTH_BITS) - 1  # of one piece
_LEAST_WASTE = 1 << 20  # bytes of dropped pieces that are not worth tidying up


class PackedRows:
    """Pieces of 1 byte to 16 MB, by row number. The number of a dropped row is given to a later piece."""

    __slots__ = ("_data", "_free", "_places", "_waste")

    def __init__(self) -> None:
        self._data = bytearray()
        self._places = array("Q")  # where it begins in the upper 40 bits, its length below; 0: dropped
        self._free: list[int] = []
        self._waste = 0

    @property
    def nbytes(self) -> int:
        """Bytes that the pieces and their offsets take."""
        return len(self._data) + len(self._places) * self._places.itemsize

    def add(self, piece: bytes) -> int:
        """Store a piece and return its row. Raises ValueError for an empty piece or one that is too long."""
        if not 0 < len(piece) <= MOST_BYTES:
            raise ValueError(f"a piece has 1 to {MOST_BYTES} bytes, not {len(piece)}")
        place = len(self._data) << LENGTH_BITS | len(piece)
        self._data += piece
        if self._free:
            row = self._free.pop()
            self._places[row] = place
            return row
        self._places.append(place)
        return len(self._places) - 1

    def __getitem__(self, row: int) -> bytearray:
        """A copy of the row's piece."""
        place = self._places[row]
        start = place >> LENGTH_BITS
        return self._data[start : start + (place & MOST_BYTES)]

    def drop(self, row: int) -> None:
        """Delete the piece of this row, which must exist."""
        self._waste += self._places[row] & MOST_BYTES
        self._places[row] = 0
        self._free.append(row)
        if self._waste > _LEAST_WASTE and self._waste > len(self._data) // 2:
            self._tidy()

    def _tidy(self) -> None:
        """Move all pieces together, without gaps. Takes as long as adding them did."""
        kept = bytearray()
        for row, place in enumerate(self._places):
            if place:
                self._places[row] = len(kept) << LENGTH_BITS | (place & MOST_BYTES)
                kept += self._data[place >> LENGTH_BITS : (place >> LENGTH_BITS) + (place & MOST_BYTES)]
        self._data, self._waste = kept, 0
