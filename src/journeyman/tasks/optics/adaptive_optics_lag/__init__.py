"""Adaptive optics with delay and lag: keep a wavefront flat with a mirror that always answers late."""
