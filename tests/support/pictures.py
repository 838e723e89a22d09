"""Images as people upload them."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from caprural.house.models import Organisation


def picture(kind: str = "PNG", *, size: tuple[int, int] = (120, 60), colour: str = "#1e4d38") -> bytes:
    """The bytes of an image of one colour."""
    content = BytesIO()
    Image.new("RGB", size, colour).save(content, kind)
    return content.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A few bytes of PNG that claim to be an immense image."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def upload(content: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    """The file as a form sends it."""
    return SimpleUploadedFile(name, content)


def give_logo(settings: Any, folder: Path, content: bytes, name: str = "logo.png") -> Organisation:
    """The organisation with this logo, its file in a folder of the test."""
    settings.MEDIA_ROOT = folder
    organisation = Organisation.current()
    organisation.logo.save(name, upload(content), save=True)
    return organisation
