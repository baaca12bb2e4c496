"""From files to rows: planning a run, encoding its files, and working out what to write to the library."""
