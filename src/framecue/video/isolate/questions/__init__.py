"""What the decoding process can be asked about a file: one file here for each question."""
