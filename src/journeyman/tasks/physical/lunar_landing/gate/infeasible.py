# EVOLVE-BLOCK-START
"""A departure from the far side of the Earth: the Moon is nowhere near when the ship gets to its distance."""


def solve(instance):
    return {
        "departure": {"phase_rad": 1.0, "speed_m_s": 10700.0},
        "outbound": [],
        "lunar_orbit": {"stay_days": instance["stay_days"][0], "longitude_rad": 0.0, "along_m_s": 850.0, "radial_m_s": 0.0},
        "homeward": [],
    }


# EVOLVE-BLOCK-END
