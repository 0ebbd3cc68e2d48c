"""A crewed lunar mission in the planar Earth-Moon three-body problem: most payload left in lunar orbit."""
