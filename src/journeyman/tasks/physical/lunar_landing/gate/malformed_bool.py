# EVOLVE-BLOCK-START
"""A truth value where a speed is meant."""


def solve(instance):
    return {
        "departure": {"phase_rad": -2.2, "speed_m_s": True},
        "outbound": [],
        "lunar_orbit": {"stay_days": instance["stay_days"][0], "longitude_rad": 0.0, "along_m_s": 850.0, "radial_m_s": 0.0},
        "homeward": [],
    }


# EVOLVE-BLOCK-END
