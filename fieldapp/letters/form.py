"""Forms of a letter: who signs it and how, and the text itself."""

from fieldapp.declare.form import FieldForm, field
from fieldapp.declare.words import _l

ON_SCREEN = {"way": ("screen",)}
ON_PAPER = {"way": ("paper",)}


class LetterForm(FieldForm):
    """Who signs, and how."""

    name = "letter"

    signer = field("text", _l("Name of who signs"), max=60, required=True)
    way = field("choice", _l("Sign"), words="letter.way", required=True)
    signature = field("signature", _l("Signature"), shown_if=ON_SCREEN, required_if=ON_SCREEN)
    photos = field("photos", _l("Photo of the signed sheet"), max=4, shown_if=ON_PAPER, required_if=ON_PAPER)


class TemplateForm(FieldForm):
    """A text of the community's own; at the desk alone, so no phone knows it by name."""

    title = field("text", _l("Title"), max=60, required=True)
    text = field("textarea", _l("Text"), max=3000, required=True)
