# EVOLVE-BLOCK-START
"""A text where a number is meant."""


def solve(instance):
    return {
        "departure": {"phase_rad": -2.2, "speed_m_s": 10950.0},
        "outbound": [],
        "lunar_orbit": {"stay_days": "6 days", "longitude_rad": 0.0, "along_m_s": 850.0, "radial_m_s": 0.0},
        "homeward": [],
    }


# EVOLVE-BLOCK-END
