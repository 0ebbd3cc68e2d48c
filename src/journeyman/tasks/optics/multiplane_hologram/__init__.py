"""The built-in task `optics/multiplane_hologram`: one phase plate, focal spots in several planes at once."""
