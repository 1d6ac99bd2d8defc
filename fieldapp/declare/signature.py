"""Signature: strokes drawn by finger, as the path data of an SVG in a box of 600 by 240.

Each stroke is `M` and at least two points, in whole units of the box: `M12 40 13 41 15 44`. The page's half is
`static/page/signature.js`; `signature` and `signed` in templates/parts.html draw it.
"""

import re

LONGEST = 6000  # characters
SHAPE = re.compile(r"(?:M[0-9]{1,3} [0-9]{1,3}(?: [0-9]{1,3} [0-9]{1,3})+)+")
