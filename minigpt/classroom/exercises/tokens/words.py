"""Words and pairs of bytes, for the cases of lesson 03."""


def split(word: str) -> list[bytes]:
    """A word as single bytes."""
    return [bytes([byte]) for byte in word.encode("utf-8")]


def pair(left: str, right: str) -> tuple[bytes, bytes]:
    """A pair of tokens, from two texts."""
    return left.encode(), right.encode()
