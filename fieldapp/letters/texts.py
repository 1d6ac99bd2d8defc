"""Texts: what a letter says where the community has no text of its own; a line ends at `|`. A changed text here is a new VERSION."""

from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l

VERSION = 1
TEXTS = {
    "fire": _l(
        "My family and I promise:|"
        "1. not to charge or park e-bikes or their batteries indoors, in halls or stairs, and not to take them into the lift;|"
        "2. not to charge by flying wires and not to tamper with the wiring;|"
        "3. to check gas hose and valves often, and to turn off gas and power when we leave;|"
        "4. to keep stairs and fire lanes clear;|"
        "5. to call 119 at once when we see fire, and to follow those who lead us out."
    ),
    "dog": _l(
        "I keep a dog and promise:|"
        "1. to have it licensed and vaccinated;|"
        "2. to lead it on a leash and mind it in public, away from old people, pregnant women and children;|"
        "3. to clear up its droppings at once;|"
        "4. not to let it disturb the neighbours or injure anybody, and to answer for it if it does."
    ),
    "rental": _l(
        "I let this home and promise:|"
        "1. to report who lives here, and every change, to the community;|"
        "2. not to divide rooms, not to let to groups, and not to let basements or storage as bedrooms;|"
        "3. to keep wiring, gas and fire equipment safe, and to check them often;|"
        "4. to tell the police at once when something here seems unlawful."
    ),
}

registry.add_words("letter.default", TEXTS)
