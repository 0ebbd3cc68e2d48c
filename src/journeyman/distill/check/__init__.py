"""Is the wiring right, and can this teacher help this student? Findings with cause and remedy, and one verdict."""
