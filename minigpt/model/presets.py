"""The published sizes of OpenAI's models, by name: what `GPTConfig.preset` looks up."""

_GPT2 = {"vocab_size": 50257, "block_size": 1024, "dropout": 0.1}

# In every second block of GPT-3 a place sees only those just before it (Child et al., 2019). The
# paper does not say how many; 256 is the width that GPT-Neo, the first open twin, chose.
_GPT3 = {"vocab_size": 50257, "block_size": 2048, "window": 256}

PRESETS = {
    # Radford et al., "Improving language understanding by generative pre-training" (2018),
    # section 4.1. 40,478 tokens is what the published vocabulary holds.
    "gpt1": {"vocab_size": 40478, "block_size": 512, "dropout": 0.1, "post_norm": True,
             "n_layer": 12, "n_head": 12, "n_embd": 768},
    # Radford et al., "Language models are unsupervised multitask learners" (2019), table 2.
    "gpt2": {**_GPT2, "n_layer": 12, "n_head": 12, "n_embd": 768},
    "gpt2-medium": {**_GPT2, "n_layer": 24, "n_head": 16, "n_embd": 1024},
    "gpt2-large": {**_GPT2, "n_layer": 36, "n_head": 20, "n_embd": 1280},
    "gpt2-xl": {**_GPT2, "n_layer": 48, "n_head": 25, "n_embd": 1600},
    # Brown et al., "Language models are few-shot learners" (2020), table 2.1, but for two slips:
    # - XL is printed with 24 heads of 128, which are not 2048 wide: 16 heads of 128 are.
    # - 13B is printed 5140 wide, which 40 heads can't share: 40 heads of its 128 are 5120, and
    #   only with 5120 is the sum of the parameters the 12,850 million of the paper's table D.1.
    "gpt3-small": {**_GPT3, "n_layer": 12, "n_head": 12, "n_embd": 768},
    "gpt3-medium": {**_GPT3, "n_layer": 24, "n_head": 16, "n_embd": 1024},
    "gpt3-large": {**_GPT3, "n_layer": 24, "n_head": 16, "n_embd": 1536},
    "gpt3-xl": {**_GPT3, "n_layer": 24, "n_head": 16, "n_embd": 2048},
    "gpt3-2.7b": {**_GPT3, "n_layer": 32, "n_head": 32, "n_embd": 2560},
    "gpt3-6.7b": {**_GPT3, "n_layer": 32, "n_head": 32, "n_embd": 4096},
    "gpt3-13b": {**_GPT3, "n_layer": 40, "n_head": 40, "n_embd": 5120},
    "gpt3-175b": {**_GPT3, "n_layer": 96, "n_head": 96, "n_embd": 12288},
}  # fmt: skip
