"""An image's bytes as pixels at the working size."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from noiselaw.errors import InputError
from noiselaw.optional import require

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Fit", "decode"]

Fit = Literal["resize", "crop"]

#: What Pillow raises on bytes that are no whole image.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error, zlib.error)
#: More pixels than any camera takes: a file made to fill the memory.
_MOST_PIXELS = 200_000_000
#: White in 16 bits.
_DEEPEST = 65_535
#: What a mode of Pillow is called where images of it are counted.
_CALLED = {
    "1": "black-and-white",
    "I": "16-bit grey",
    "I;16": "16-bit grey",
    "I;16B": "16-bit grey",
    "I;16L": "16-bit grey",
    "L": "grey",
    "LA": "grey with transparency",
    "P": "palette",
    "PA": "palette with transparency",
    "RGBA": "with transparency",
    "CMYK": "CMYK",
}


def decode(data: bytes, size: int, fit: Fit) -> tuple[NDArray[np.uint8], str]:
    """Return an image as (size, size, 3) of uint8, and what it was converted from ("" for RGB).

    Grey images get three equal planes, 16 bits become 8, and transparency is dropped, as torchvision's loader does; of
    floating-point numbers and deeper integers nobody knows what is white, so that they are refused. Of an animation the
    first picture is taken; a rotation that the camera only noted is left undone.

    Parameters
    ----------
    data
        A file's bytes, in any format that Pillow reads.
    size
        Side in pixels.
    fit
        ``resize`` both sides, whatever that does to the proportions; or ``crop`` a square from the middle, the shorter
        side resized. Bilinear, over all pixels that a new one covers.

    Raises
    ------
    InputError
        If they cannot be decoded, saying why.
    """
    images: Any = require("PIL.Image", "Decoding images")
    try:
        with images.open(BytesIO(data)) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise InputError(f"it has {image.width:,} × {image.height:,} pixels, more than {_MOST_PIXELS:,}")
            converted = "" if image.mode == "RGB" else _CALLED.get(image.mode, image.mode)
            fitted = _fitted(_rgb(image, images), size, fit, images)
            return np.asarray(fitted, dtype=np.uint8), converted
    except images.DecompressionBombError as error:
        raise InputError("it claims more pixels than any camera takes") from error
    except InputError:
        raise
    except _BROKEN as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        # Pillow names the object in memory, not the file.
        raise InputError("it is in no format that Pillow reads" if "cannot identify" in why else why) from error


def _rgb(image: Any, images: Any) -> Any:
    if image.mode == "F":  # Pillow would cut off at 0 and 255, whatever black and white are
        raise InputError("its pixels are floating-point numbers, and what is white among them is not known")
    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut off at 255
        deep = np.asarray(image).astype(np.float64)
        if deep.min() < 0 or deep.max() > _DEEPEST:
            raise InputError(
                f"its pixels reach from {deep.min():.0f} to {deep.max():.0f}, beyond the {_DEEPEST} of 16 bits"
            )
        image = images.fromarray(np.clip(np.rint(deep / 257), 0, 255).astype(np.uint8))
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert("RGB")


def _fitted(image: Any, size: int, fit: Fit, images: Any) -> Any:
    if fit == "crop":
        side = min(image.size)
        left, top = round((image.width - side) / 2), round((image.height - side) / 2)  # as torchvision does
        image = image.crop((left, top, left + side, top + side))
    return image.resize((size, size), images.Resampling.BILINEAR)
