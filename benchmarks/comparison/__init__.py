"""The comparison of methods: what is run, on which clips, and what is concluded from it."""
