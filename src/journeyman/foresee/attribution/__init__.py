"""Why an episode failed, or what its calls were worth: replays with one stage repaired, and judges scored against them."""
