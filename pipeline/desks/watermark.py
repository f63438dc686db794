"""Marks a picture for one viewer: name, time and entry in the record are written across it."""

import warnings
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from pipeline.errors import BadRecord
from pipeline.vision.costs import check_cost, check_parts

_QUALITY = 88
_LONGEST_SIDE = 4096
warnings.filterwarnings("ignore", module=r"PIL\.")  # a line for each wrong tag: a stranger's picture would fill the log


def watermarked(picture: bytes, text: str) -> bytes:
    """The picture (JPEG or PNG) as JPEG, made smaller where a side is longer than 4,096 pixels, and covered with the text in rows.

    Raises BadRecord for a file that is no picture, or one that costs too much to decode. Takes 10 to 100 ms: run it in a
    thread.
    """
    try:
        check_parts(picture)
        with Image.open(BytesIO(picture), formats=("JPEG", "PNG")) as header:
            check_cost(header, picture)
            image = header.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadRecord("unreadable_picture", str(error)[:200]) from error
    if max(image.size) > _LONGEST_SIDE:
        image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    marked = Image.alpha_composite(image.convert("RGBA"), _marks(image.size, text)).convert("RGB")
    out = BytesIO()
    marked.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _marks(size: tuple[int, int], text: str) -> Image.Image:
    """A layer with the text in light and dark, repeated over the whole picture."""
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    height = max(9, min(size) // 24)
    font = ImageFont.load_default(size=height)
    width = max(1.0, draw.textlength(text + "   ", font=font))
    for row, y in enumerate(range(0, size[1], height * 4)):
        x = -(row % 2) * width / 2
        while x < size[0]:
            draw.text((x + 1, y + 1), text, font=font, fill=(0, 0, 0, 96))
            draw.text((x, y), text, font=font, fill=(255, 255, 255, 112))
            x += width
    return layer
