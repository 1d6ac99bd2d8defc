"""Texts: the letters that every community begins with, as version 1; afterwards they are the community's own data."""

from __future__ import annotations

from typing import Any

from fieldapp.declare.beginning import in_first_language
from fieldapp.declare.words import _l

HISTORIC = "epidemic"  # signed once; of no community that begins today
TEXTS = {
    "fire": _l(
        "My family and I promise:\n"
        "1. not to charge or park e-bikes or their batteries indoors, in halls or stairs, and not to take them into the lift;\n"
        "2. not to charge by flying wires and not to tamper with the wiring;\n"
        "3. to check gas hose and valves often, and to turn off gas and power when we leave;\n"
        "4. to keep stairs and fire lanes clear;\n"
        "5. to call 119 at once when we see fire, and to follow those who lead us out."
    ),
    "dog": _l(
        "I keep a dog and promise:\n"
        "1. to have it licensed and vaccinated;\n"
        "2. to lead it on a leash and mind it in public, away from old people, pregnant women and children;\n"
        "3. to clear up its droppings at once;\n"
        "4. not to let it disturb the neighbours or injure anybody, and to answer for it if it does."
    ),
    "rental": _l(
        "I let this home and promise:\n"
        "1. to report who lives here, and every change, to the community;\n"
        "2. not to divide rooms, not to let to groups, and not to let basements or storage as bedrooms;\n"
        "3. to keep wiring, gas and fire equipment safe, and to check them often;\n"
        "4. to tell the police at once when something here seems unlawful."
    ),
    HISTORIC: _l(
        "My family and I promise:\n"
        "1. to report where we came from and how we are;\n"
        "2. to wear a mask in public and to keep our distance;\n"
        "3. to stay at home when we are told to, and to call the community at once when somebody has a fever."
    ),
}


def beginning(titles: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Each topic's first version, in the first language."""
    return {
        topic: {"topic": topic, "number": 1, "title": in_first_language(titles[topic]), "text": in_first_language(text)}
        for topic, text in TEXTS.items()
        if topic != HISTORIC
    }  # fmt: skip
