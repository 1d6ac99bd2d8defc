"""Forms of a letter: the text as it is shown with who signs it, and the text itself."""

from fieldapp.declare.form import FieldForm, field
from fieldapp.declare.words import _l

ON_SCREEN = {"way": ("screen",)}
ON_PAPER = {"way": ("paper",)}


class LetterForm(FieldForm):
    """What is read and signed; the text travels with the form, so that what is kept is what was shown."""

    name = "letter"

    topic = field("choice", _l("Letter"), words="letter.topic", required=True)
    letter_template = field("hidden", _l("Version"), max=36)
    number = field("integer", _l("Version"), min=1, required=True)
    title = field("hidden", _l("Title"), max=60, required=True)
    text = field("hidden", _l("Text"), max=3000, required=True)
    signer = field("text", _l("Name of who signs"), max=60, required=True)
    way = field("choice", _l("Sign"), words="letter.way", required=True)
    signature = field("signature", _l("Signature"), shown_if=ON_SCREEN, required_if=ON_SCREEN)
    photos = field("photos", _l("Photo of the signed sheet"), max=4, shown_if=ON_PAPER, required_if=ON_PAPER)


class TemplateForm(FieldForm):
    """A text of the community's own; at the desk alone, so no phone knows it by name."""

    title = field("text", _l("Title"), max=60, required=True)
    text = field("textarea", _l("Text"), max=3000, required=True)
