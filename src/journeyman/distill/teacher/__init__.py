"""Teachers: what they say about the student's own tokens, exactly (in process) or as far as a server tells."""
