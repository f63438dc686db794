"""Which reads hit which entries, and what becomes of a hit. Pure: no server, no clock."""
