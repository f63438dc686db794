"""Decides which reads may enter, and where and when each was taken. Pure: no server, no clock."""
