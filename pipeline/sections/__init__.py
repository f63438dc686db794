"""Average speed over a section: which reads belong together, and what they prove. Pure: no server, no clock."""
