"""Watching folders, so that changes in them are indexed soon after."""
