"""Built-in tasks of robotics, control and energy."""
