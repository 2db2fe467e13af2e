"""The child process of `draw`: draws the first page of a file under limits and writes two pictures as JSON to standard output.

Run by path (`draw_child.py pdf PATH`, `picture PATH`, `sheet TEMPLATE`), after child_start.py; imports nothing of the portal.
A sheet is what a file without pages of its own looks like: its first words, which come as JSON on standard input.
"""

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = 60_000_000  # Pillow refuses twice as many: 360 MB unpacked
THUMBNAIL = (132, 176)  # rows show it at half the size: sharp on dense screens
PICTURE = (1200, 1700)
SAND = (239, 235, 227)  # behind what is wider than high
PAPER = (255, 255, 255)
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def of_pdf(path: Path) -> Image.Image:
    """Page 1, drawn so that it can be read."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    page = document[0]
    width, height = page.get_size()
    if not (0 < width < 20_000 and 0 < height < 20_000):
        raise ValueError("a page of no or of enormous size")
    scale = min(PICTURE[0] / width, PICTURE[1] / height)
    return page.render(scale=scale, may_draw_forms=False).to_pil()  # type: ignore[no-any-return]  # the library is untyped


def of_picture(path: Path) -> Image.Image:
    """The picture itself, the right way up, without what a camera wrote into it."""
    with Image.open(path, formats=FORMATS) as opened:
        opened.draft("RGB", PICTURE)
        return ImageOps.exif_transpose(opened)


def of_sheet(template: Path) -> Image.Image:
    """The first words of a text, set as a page."""
    import typst

    made: Any = typst.compile(
        str(template), root=str(template.parent), sys_inputs={"data": sys.stdin.read()}, format="png", ppi=110
    )
    return Image.open(io.BytesIO(made[0] if isinstance(made, list) else made))


def on_paper(image: Image.Image) -> Image.Image:
    """Without transparency: paper is white in both themes."""
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, (*PAPER, 255)), image).convert("RGB")


def thumbnail(image: Image.Image) -> Image.Image:
    """The top of a page that is higher than wide; anything else whole, on a ground of sand."""
    width, height = THUMBNAIL
    if image.height >= image.width:
        scaled = image.resize((width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS)
        top = Image.new("RGB", THUMBNAIL, PAPER)
        top.paste(scaled.crop((0, 0, width, min(height, scaled.height))), (0, 0))
        return top
    small = ImageOps.contain(image, THUMBNAIL, Image.Resampling.LANCZOS)
    ground = Image.new("RGB", THUMBNAIL, SAND)
    ground.paste(small, (0, (height - small.height) // 2))
    return ground


def webp(image: Image.Image, quality: int) -> str:
    """The picture as text for JSON."""
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=quality, method=4)
    return base64.b64encode(stream.getvalue()).decode()


def main() -> None:
    """Draw what was asked for."""
    ways = {"pdf": of_pdf, "picture": of_picture, "sheet": of_sheet}
    image = on_paper(ways[sys.argv[1]](Path(sys.argv[2])))
    image.thumbnail(PICTURE, Image.Resampling.LANCZOS)
    answer = {"thumbnail": webp(thumbnail(image), 84), "picture": webp(image, 80)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
