"""Checks which of many safetensors files the official reader opens.

Reads pairs of a header (base64) and a number of data bytes as JSON from standard input; writes a list of booleans.
"""

import base64
import json
import sys

from safetensors import SafetensorError, deserialize


def opens(header: bytes, data: int) -> bool:
    try:
        deserialize(len(header).to_bytes(8, "little") + header + bytes(data))
    except SafetensorError:
        return False
    return True


files = json.load(sys.stdin)
json.dump([opens(base64.b64decode(header), data) for header, data in files], sys.stdout)
