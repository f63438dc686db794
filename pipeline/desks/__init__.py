"""What persons see and change, in their browsers: the API, the live stream, logins. Its own process, `vigie desks`."""
