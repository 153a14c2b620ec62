"""Show the answers of a chat model on the screen while they are being written.

A model writes tokens, not letters. Each token stands for some bytes of UTF-8, and a window shows
what has been written so far: `shown` turns the bytes of the tokens, as they come, into pieces of
text. Nobody likes to wait, so it gives each piece as early as it can.

The program trains a tokenizer on some English and Chinese sentences and lets it cut three answers.
It sends the tokens through `shown` and compares what the window shows in the end with what was
written.

Run it. What is strange?
"""

import codecs
import sys

from minigpt.tokenizer import Tokenizer

LEARNED_FROM = """The cat sat in the sun. The dog sat by the door. Where is the key to the door?
Good morning! How are you today? I am very well, thank you. The sun is out and the wind is warm.
早上好！你好吗？今天天气很好。我很好，谢谢你。钥匙在门上。今天是星期天。
"""
ANSWERS = {
    "English": "The key is by the door. Good morning!",
    "Chinese": "早上好！今天天气很冷，请你关上窗户。",
    "emoji": "Good morning 🌞, how are you? 🙂🙂",
}


def shown(pieces):
    """Yield the text that the pieces are, in parts, each as early as possible.

    Args:
        pieces: an iterable of bytes, which together are a text in UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    for piece in pieces:
        text = decoder.decode(piece)
        if text:
            yield text


def main():
    """Send the answers through and compare."""
    sys.stdout.reconfigure(errors="replace")  # for consoles that can't show Chinese
    tokenizer = Tokenizer.train(LEARNED_FROM * 20, vocab_size=450)
    for name, answer in ANSWERS.items():
        pieces = [tokenizer.token_bytes(i) for i in tokenizer.encode(answer)]
        window = "".join(shown(pieces))
        print(f"{name}: {len(pieces)} tokens, {len(answer)} characters sent, {len(window)} shown")
        print(f"    sent:  {answer}")
        print(f"    shown: {window}")


if __name__ == "__main__":
    main()
