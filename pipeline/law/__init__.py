"""What the law fixes, as dated data: rules with article and source."""
