"""GPT-2's table from bytes to printable characters: how a byte gets a name in a text file.

`vocab.json` and `merges.txt` are text, but a token is a byte string: a space, a newline or half
of an emoji. GPT-2 gives each of the 256 bytes one visible character: the 188 bytes that are
visible in Latin-1 stand for themselves, the other 68 become the characters from U+0100 on, in
byte order (Radford et al. 2019; `bytes_to_unicode` in github.com/openai/gpt-2, src/encoder.py).
So a space (byte 32) is "Ġ" and a newline (byte 10) is "Ċ".

>>> to_printable(b" the\\n")
'ĠtheĊ'
>>> from_printable("ĠtheĊ")
b' the\\n'
"""

VISIBLE = (*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), 256))

# The order of GPT-2's first 256 ids; sorting the 256 characters by code point gives the same.
BYTE_ORDER = VISIBLE + tuple(byte for byte in range(256) if byte not in VISIBLE)

BYTE_TO_CHAR = {
    byte: chr(byte) if byte in VISIBLE else chr(256 + position - len(VISIBLE))
    for position, byte in enumerate(BYTE_ORDER)
}
CHAR_TO_BYTE = {char: byte for byte, char in BYTE_TO_CHAR.items()}

_TRANSLATION = str.maketrans({chr(byte): char for byte, char in BYTE_TO_CHAR.items()})


def to_printable(data: bytes) -> str:
    """Write a byte string with one visible character a byte, as GPT-2's files do."""
    return data.decode("latin-1").translate(_TRANSLATION)


def from_printable(text: str) -> bytes:
    """Read back what `to_printable` wrote; KeyError for a character outside the table."""
    return bytes([CHAR_TO_BYTE[char] for char in text])
