"""Following folders, so that what changes in them is indexed soon after."""
