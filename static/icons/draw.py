"""Draw: the app's icon, a door ajar with its light on, as SVG and as the PNG sizes that home screens want.

python static/icons/draw.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent
GREEN, PAPER, LIGHT = "#0c6b5a", "#fffdf9", "#ffd27a"
# Shapes on a field of 64 × 64, within the circle that every mask keeps: frame, light, leaf, handle, step.
FRAME = [(20, 49), (20, 15), (44, 15), (44, 49)]
GLOW = [(22, 49), (22, 17), (42, 17), (42, 49)]
LEAF = [(22, 17), (35, 21), (35, 53), (22, 49)]
STEP = [(14, 49), (50, 49)]
HANDLE = (31, 36, 1.7)
WIDTH = 4
PNGS = {
    "icon-180.png": (180, 0),
    "icon-192.png": (192, 14),
    "icon-512.png": (512, 14),
    "icon-maskable-512.png": (512, 0),
}


def _path(points: list[tuple[int, int]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points)


def svg() -> str:
    """The icon as SVG."""
    x, y, radius = HANDLE
    line = (
        f'fill="none" stroke="{PAPER}" stroke-width="{WIDTH}" stroke-linecap="round" stroke-linejoin="round"'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="{GREEN}"/>'
        f'<path d="{_path(GLOW)}z" fill="{LIGHT}"/><path d="{_path(FRAME)}M14 49H50" {line}/>'
        f'<path d="{_path(LEAF)}z" fill="{PAPER}"/><circle cx="{x}" cy="{y}" r="{radius}" fill="{GREEN}"/></svg>\n'
    )


def png(size: int, corner: int) -> Image.Image:
    """The icon as pixels, drawn four times as large and scaled down; `corner` 0 fills the square."""
    scale = size * 4 / 64
    picture = Image.new("RGBA", (size * 4, size * 4))
    pen = ImageDraw.Draw(picture)

    def at(points: list[tuple[int, int]]) -> list[tuple[float, float]]:
        return [(x * scale, y * scale) for x, y in points]

    def line(points: list[tuple[int, int]]) -> None:
        pen.line(at(points), fill=PAPER, width=round(WIDTH * scale), joint="curve")
        for x, y in at([points[0], points[-1]]):
            reach = WIDTH * scale / 2
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=PAPER)

    pen.rounded_rectangle((0, 0, size * 4 - 1, size * 4 - 1), corner * scale, fill=GREEN)
    pen.polygon(at(GLOW), fill=LIGHT)
    line(FRAME)
    line(STEP)
    pen.polygon(at(LEAF), fill=PAPER)
    x, y, radius = (value * scale for value in HANDLE)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=GREEN)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    (HERE / "icon.svg").write_text(svg())
    for name, (size, corner) in PNGS.items():
        png(size, corner).quantize(64).save(HERE / name, optimize=True)
