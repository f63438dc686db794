"""Lists of wanted plates as a whole: imported, compared version by version, rolled back."""
