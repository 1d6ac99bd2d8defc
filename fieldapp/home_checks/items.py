"""Items: what is looked at by default in a home and in the shared parts of a staircase; a community can have its own list."""

from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l

# Charging or parking an e-bike in halls, stairs and lifts is forbidden in Beijing since 2025-05-01.
HOME = {
    "ebike_indoors": _l("E-bike or battery charged indoors"),
    "ebike_lift": _l("E-bike or battery taken into the lift"),
    "flying_wire": _l("Flying-wire charging"),
    "old_wires": _l("Old or bare wires"),
    "overloaded_sockets": _l("Overloaded sockets"),
    "appliances_on": _l("Appliances left on"),
    "heater_near_fabric": _l("Heater within 1 m of fabric"),
    "old_blanket": _l("Old electric blanket"),
    "gas_hose_old": _l("Gas hose too old, or without clamps"),
    "gas_hose_hidden": _l("Gas hose through a wall, or hidden"),
    "no_flame_cutoff": _l("Stove without flame-out cut-off"),
    "no_gas_alarm": _l("No gas alarm"),
    "hood_grease": _l("Grease in the cooker hood"),
    "no_smoke_alarm": _l("No smoke alarm"),
    "extinguisher": _l("Extinguisher missing, out of date or without pressure"),
    "no_blanket_mask": _l("No fire blanket or mask"),
    "balcony_clutter": _l("Balcony cluttered"),
    "corridor_piles": _l("Things piled in the corridor"),
    "barred_window": _l("Barred window without an escape hatch"),
    "smoking_candles": _l("Smoking in bed, incense or candles"),
    "stored_fuel": _l("Petrol, alcohol or fireworks stored"),
    "exits_119": _l("Does not know the exits and 119"),
}
SHARED = {
    "corridor_piles": HOME["corridor_piles"],
    "ebike_hall": _l("E-bike parked or charged in the hall or stairs"),
    "flying_wire": HOME["flying_wire"],
    "fire_door": _l("Fire door blocked, locked or broken"),
    "extinguisher_box": _l("Extinguisher box empty or out of date"),
    "hydrant": _l("Hydrant without water, hose or nozzle"),
    "exit_light": _l("Emergency light or exit sign dark"),
    "lift_inspection": _l("Lift inspection out of date"),
    "roof_way": _l("Way to the roof closed or piled up"),
    "loose_parts": _l("Loose parts that may fall"),
}

registry.add_words("home_check.item", {**HOME, **SHARED})
registry.add_words("home_check.home_item", HOME)
registry.add_words("home_check.shared_item", SHARED)
