"""The kinds of story, with the weights with which the corpus draws them."""

from minigpt.corpus.tinytown.kinds import home, outside, play, town

WEIGHTED_KINDS = tuple((kind, 1) for part in (home, town, play, outside) for kind in part.ALL)
