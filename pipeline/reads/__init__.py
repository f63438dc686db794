"""Who may enter, and where a read was taken. Pure: no server, no clock."""
