"""Byte-level BPE, written by hand: train, encode, decode, and GPT-2's files.

To read it: `byte_unicode.py`, `patterns.py`, `slow.py` (the algorithm), then `train.py` and
`encode.py` (the same, fast), `vocabularies.py`, `tokenizer.py`, `batch.py`, `stream.py`, and the
files.
"""

from minigpt.tokenizer.tokenizer import Tokenizer

__all__ = ["Tokenizer"]
