"""The files on disk: which there are, the state of each, and what lies beside a video."""
