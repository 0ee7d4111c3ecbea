"""Pictures that stand in the text itself."""

import base64
import binascii
import re
import urllib.parse

from bookpack.images.limits import UnreadablePictureError

_DATA_URI = re.compile(r"data:([^,]*),(.*)", re.IGNORECASE | re.DOTALL)
_IS_BASE64 = re.compile(r";\s*base64\s*$", re.IGNORECASE)


def data_uri(target: str) -> bytes | None:
    """Return the bytes in a `data:` address (RFC 2397), None for any other address.

    Raises `UnreadablePictureError` where it cannot be decoded. As in browsers, white space and
    missing padding of Base64 do not matter.
    """
    if target[:5].lower() != "data:":
        return None
    match = _DATA_URI.fullmatch(target)
    if match is None:
        raise UnreadablePictureError("is a data address without a comma")
    content = urllib.parse.unquote_to_bytes(match[2])
    if not _IS_BASE64.search(match[1]):
        return content
    content = b"".join(content.split()).rstrip(b"=")
    try:
        return base64.b64decode(content + b"=" * (-len(content) % 4), validate=True)
    except binascii.Error as error:
        raise UnreadablePictureError("holds Base64 that cannot be decoded") from error
