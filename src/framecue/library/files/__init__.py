"""What is on the disk: which files there are, their states, and what lies beside them."""
