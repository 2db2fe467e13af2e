"""The child process of `ocr`: draws one page and lets Tesseract read it, whose text goes to standard output.

Run by path (`ocr_child.py media_type path page tesseract languages`, after child_start.py); it imports nothing of the portal.
Both work under the same limits.
"""

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

DOTS_PER_INCH = 300
MAX_PIXELS = (
    24_000_000  # a page is drawn smaller rather than larger than this; A4 in 300 dots per inch has nine million
)


def page_of_pdf(path: Path, number: int) -> Any:
    """The page as a grey picture."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    page = document[number - 1]
    width, height = page.get_size()
    scale = min(DOTS_PER_INCH / 72, (MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    return page.render(scale=scale, grayscale=True).to_pil()


def picture(path: Path) -> Any:
    """The picture itself, grey, upright and not too large."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # `extract` has looked at its size
    opened = Image.open(path, formats=["JPEG", "PNG", "WEBP"])
    found = ImageOps.exif_transpose(opened).convert("L")
    if found.width * found.height > MAX_PIXELS:
        scale = (MAX_PIXELS / (found.width * found.height)) ** 0.5
        found = found.resize((max(1, int(found.width * scale)), max(1, int(found.height * scale))))
    return found


def main(media_type: str, path: Path, number: int, tesseract: str, languages: str) -> None:
    """Draw and read."""
    drawn = page_of_pdf(path, number) if media_type == "application/pdf" else picture(path)
    bitmap = BytesIO()
    drawn.save(bitmap, "PPM")  # simple, and Tesseract reads it without a further library
    os.environ["OMP_THREAD_LIMIT"] = "1"
    command = [tesseract, "stdin", "stdout", "-l", languages, "--dpi", str(DOTS_PER_INCH)]
    done = subprocess.run(  # noqa: S603 - the program that the parent found
        command, input=bitmap.getvalue(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    sys.stdout.buffer.write(done.stdout)


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
    except Exception as error:  # noqa: BLE001 - a library's own text may quote the file
        sys.exit(type(error).__name__)
