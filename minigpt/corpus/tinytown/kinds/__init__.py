"""The kinds of story, one a file, with the weights with which the corpus draws them."""

from minigpt.corpus.tinytown.kinds import (
    bake,
    concert,
    contest,
    dream,
    errand,
    fable,
    garden,
    gift,
    guess,
    hide,
    lend,
    letter,
    lost,
    pet,
    swap,
    trip,
)

WEIGHTED_KINDS = tuple(
    (module.KIND, 1)
    for module in (
        lost,
        hide,
        gift,
        bake,
        errand,
        pet,
        lend,
        letter,
        swap,
        contest,
        guess,
        concert,
        trip,
        dream,
        fable,
        garden,
    )
)
