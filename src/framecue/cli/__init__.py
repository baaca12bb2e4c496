"""The command line: one file for each command, loaded when the command is used."""
