"""The desks: what persons see and change in their browsers. The API, the live stream and logins, in a process of its own,
`vigie desks`."""
