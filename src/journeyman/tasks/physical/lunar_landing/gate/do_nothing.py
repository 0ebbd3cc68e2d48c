# EVOLVE-BLOCK-START
"""A ship that stays where it is: no burn at all, not even that of the launcher."""


def solve(instance):
    return {
        "departure": {"phase_rad": -2.2, "speed_m_s": 7700.0},
        "outbound": [],
        "lunar_orbit": {"stay_days": instance["stay_days"][0], "longitude_rad": 0.0, "along_m_s": 850.0, "radial_m_s": 0.0},
        "homeward": [],
    }


# EVOLVE-BLOCK-END
