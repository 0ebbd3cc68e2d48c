"""The built-in task `control/battery_fast_charging`: the quickest charge within voltage, plating and heat."""
