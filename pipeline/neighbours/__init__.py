"""What a neighbouring country may be told, and how it is said and signed. Pure: no server, no clock."""
