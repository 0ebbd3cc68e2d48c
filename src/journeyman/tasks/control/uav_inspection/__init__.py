"""The built-in task `control/uav_inspection`: least battery energy for an inspection flight of a multirotor in wind."""
