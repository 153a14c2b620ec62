"""Lesson 08, bits per byte: its cases and its known mistakes."""

import math

from minigpt.classroom.exercise import Case, mistake


def bits_cases(rng) -> list[Case]:
    """A token of some bytes; characters of one byte; the docstring's example; a large text."""

    def case(name, loss, tokens, n_bytes):
        return Case(name, (loss, tokens, n_bytes), sizes={"tokens": tokens, "n_bytes": n_bytes})

    return [
        case("plain numbers", 2.5 + rng.random(), 100, 430),
        case("the example of the docstring", 2 * math.log(2), 100, 400),
        case("tokens of one byte", 1.5 + rng.random(), 300, 300),
        case("fewer bytes than tokens", 1.1 + rng.random(), 700, 510),
    ]


NATS = "nats = loss * tokens"
BITS = "bits = nats / math.log(2)"
PER_BYTE = "of_a_byte = bits / n_bytes"
RETURNED = "return of_a_byte"

BITS_MISTAKES = (
    mistake(
        "nats_per_byte",
        BITS,
        "bits = nats",
        says="it counts nats for each byte: nats were not turned into bits",
        section=8,
        hint="How many nats is one bit, the surprise of a coin?",
    ),
    mistake(
        "multiplied_by_ln_2",
        BITS,
        "bits = nats * math.log(2)",
        says="the nats are multiplied by ln 2 where they should be divided by it",
        section=8,
        hint="A bit is smaller than a nat. Are there more bits or more nats in a text?",
    ),
    mistake(
        "log_10",
        BITS,
        "bits = nats / math.log10(2)",
        says="the nats are divided by the logarithm of 2 to the base 10 instead of ln 2",
        section=8,
        hint="How large is ln 2? Print your own number for it.",
    ),
    mistake(
        "divided_by_2",
        BITS,
        "bits = nats / 2",
        says="the nats are divided by 2 instead of ln 2",
        section=8,
        hint="How many nats is one bit? It is the surprise at a p of 1/2.",
    ),
    mistake(
        "upside_down",
        NATS,
        "nats = loss / tokens",
        PER_BYTE,
        "of_a_byte = bits * n_bytes",
        says="tokens and bytes have changed places: it is divided by tokens per byte",
        section=8,
        hint="Tokens of 4 bytes: are the bits of a byte fewer or more than those of a token?",
    ),
    mistake(
        "bits_per_token",
        NATS,
        "nats = loss",
        PER_BYTE,
        "of_a_byte = bits",
        says="it counts bits for each token: the lengths of the tokens are left out",
        section=8,
        hint="Which of your three arguments have you used?",
    ),
    mistake(
        "bits_of_the_text",
        PER_BYTE,
        "of_a_byte = bits",
        says="it counts the bits of the whole text: they are not divided by its bytes",
        section=8,
        hint="Does your number grow with the length of the text? Should it?",
    ),
    mistake(
        "one_token_in_all_bytes",
        NATS,
        "nats = loss",
        says="the loss of one token is divided by the bytes of the whole text",
        section=8,
        hint="The loss is a mean. How large is the surprise of the whole text?",
    ),
    mistake(
        "share_of_a_byte",
        PER_BYTE,
        "of_a_byte = bits / n_bytes / 8",
        says="it is divided by 8 as well: a share of the text's size instead of bits per byte",
        section=8,
        hint="What would your number be for a text that can't be packed at all? It should be 8.",
    ),
    mistake(
        "perplexity",
        RETURNED,
        "return math.exp(loss)",
        says="it is the perplexity, e to the power of the loss",
        section=8,
        hint="Section 8 has two units. Which one can be compared between different tokens?",
    ),
    mistake(
        "whole_numbers",
        PER_BYTE,
        "of_a_byte = bits // n_bytes",
        says="the result is rounded down to a whole number",
        section=8,
        hint="What is the difference between / and //?",
    ),
    mistake(
        "times_8",
        PER_BYTE,
        "of_a_byte = bits / n_bytes * 8",
        says="it is multiplied by 8 as well; a byte has 8 bits, but that is not the question",
        section=8,
        hint="What would your number be for a text that can't be packed at all? It should be 8.",
    ),
    mistake(
        "perplexity_for_the_loss",
        NATS,
        "nats = math.exp(loss) * tokens",
        says="exp(loss), the perplexity, stands where the loss belongs",
        section=8,
        hint="The loss counts nats already. Does a unit need exp to become another unit?",
    ),
    mistake(
        "perplexity_of_2",
        RETURNED,
        "return 2**loss",
        says="it is 2 to the power of the loss",
        section=8,
        hint="Section 8 has two units. Which one can be compared between different tokens?",
    ),
    mistake(
        "perplexity_of_a_byte",
        RETURNED,
        "return 2**of_a_byte",
        says="it is 2 to the power of the bits of a byte: the perplexity of a byte",
        section=8,
        hint="Your last step is one too many. What should a loss of 0 give?",
    ),
    mistake(
        "logarithm_of_the_nats",
        BITS,
        "bits = math.log2(nats)",
        says="the logarithm to the base 2 of the nats is taken, where they should be divided by "
        "ln 2",
        section=8,
        hint="A unit is changed by a factor. Which one, for nats and bits?",
    ),
    mistake(
        "logarithm_of_the_loss",
        NATS,
        "nats = math.log2(loss) * tokens",
        BITS,
        "bits = nats",
        says="the logarithm to the base 2 of the loss is taken, where it should be divided by ln 2",
        section=8,
        hint="A unit is changed by a factor. Which one, for nats and bits?",
    ),
    mistake(
        "ln_of_10",
        BITS,
        "bits = nats / math.log(10)",
        says="the nats are divided by ln 10 instead of ln 2",
        section=8,
        hint="How large is ln 2? Print your own number for it.",
    ),
    mistake(
        "multiplied_by_2",
        BITS,
        "bits = nats * 2",
        says="the nats are multiplied by 2 instead of divided by ln 2",
        section=8,
        hint="How many nats is one bit? It is the surprise at a p of 1/2.",
    ),
    mistake(
        "divided_by_e",
        BITS,
        "bits = nats / math.e",
        says="the nats are divided by e instead of ln 2",
        section=8,
        hint="How many nats is one bit? It is the surprise at a p of 1/2.",
    ),
    mistake(
        "ln_2_rounded",
        BITS,
        "bits = nats / 0.693",
        says="ln 2 is rounded to 0.693",
        section=8,
        hint="How many digits of ln 2 does the computer know?",
    ),
    mistake(
        "ln_2_rounded_more",
        BITS,
        "bits = nats / 0.69",
        says="ln 2 is rounded to 0.69",
        section=8,
        hint="How many digits of ln 2 does the computer know?",
    ),
    mistake(
        "multiplied_by_bytes",
        PER_BYTE,
        "of_a_byte = bits * n_bytes",
        says="the bits of the whole text are multiplied by its bytes where they should be divided",
        section=8,
        hint="If a text had twice as many bytes for the same tokens, what becomes of the result?",
    ),
    mistake(
        "divided_by_tokens",
        NATS,
        "nats = loss / tokens",
        says="the loss is divided by the tokens where it should be multiplied by them",
        section=8,
        hint="The loss is a mean. How large is the surprise of the whole text?",
    ),
    mistake(
        "tokens_squared",
        PER_BYTE,
        "of_a_byte = bits * tokens / n_bytes",
        says="it is multiplied by the number of tokens twice",
        section=8,
        hint="The loss is a mean over the tokens. How large is the surprise of the whole text?",
    ),
    mistake(
        "one_token_less",
        NATS,
        "nats = loss * (tokens - 1)",
        says="there is one token less: tokens - 1 stands where tokens belongs",
        section=8,
        hint="tokens says how many tokens the loss is a mean of. Must you take one away?",
    ),
    mistake(
        "whole_tokens_per_byte",
        PER_BYTE,
        "of_a_byte = loss / math.log(2) * (tokens // n_bytes)",
        says="the tokens of a byte are rounded down to a whole number",
        section=8,
        hint="What is the difference between / and //?",
    ),
    mistake(
        "whole_bytes_per_token",
        PER_BYTE,
        "of_a_byte = loss / math.log(2) / max(1, n_bytes // tokens)",
        says="the bytes of a token are rounded down to a whole number, and at least 1",
        section=8,
        hint="What is the difference between / and //?",
    ),
    mistake(
        "whole_bits",
        BITS,
        "bits = round(nats / math.log(2))",
        says="the bits of the text are rounded to a whole number",
        section=8,
        hint="Can a text have half a bit of surprise?",
    ),
    *(
        mistake(
            f"rounded_to_{digits}",
            RETURNED,
            f"return round(of_a_byte, {digits})",
            says=f"the result is rounded to {digits} digits after the decimal point",
            section=8,
            hint="Who asked for rounding? Leave it to the one who prints the number.",
        )
        for digits in (2, 3, 4)
    ),
    mistake(
        "wrong_sign",
        RETURNED,
        "return -of_a_byte",
        says="the result has the wrong sign",
        section=8,
        hint="Can a number of bits be negative?",
    ),
    mistake(
        "divided_by_ln_2_twice",
        PER_BYTE,
        "of_a_byte = bits / n_bytes / math.log(2)",
        says="it is divided by ln 2 twice",
        section=8,
        hint="How often must nats be turned into bits?",
    ),
)
