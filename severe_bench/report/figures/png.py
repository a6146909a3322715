"""Small pictures as PNG text for figures, without an image library."""

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray


def png_text(pixels: NDArray[np.uint8]) -> str:
    """Base64 of a PNG file of (H, W, 3) RGB."""
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)  # a 0 before each line: no filter
    lines[:, 1:] = pixels.reshape(height, 3 * width)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return base64.b64encode(content).decode("ascii")
