"""From files to rows: what a run has to do, encoding it, and what that means for what the library holds."""
