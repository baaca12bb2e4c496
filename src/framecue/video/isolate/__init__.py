"""Reading files in a process of its own, which a hostile or damaged file may take down."""
