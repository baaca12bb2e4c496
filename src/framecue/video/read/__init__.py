"""Reading files: which moments of them (pure arithmetic), and those as RGB frames."""
