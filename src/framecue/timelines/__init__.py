"""Hits as what editors and players open: timelines, markers, playlists."""
