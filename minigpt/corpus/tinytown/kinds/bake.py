"""Two people bring an ingredient each, make something, and share or drop it."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, say

KIND = Kind(
    "bake",
    (
        fork(
            (
                2,
                say(
                    line(
                        "{A:person} and {B:person} wanted to make {x.a:cake}.",
                        "{A}和{B}想做{x.a}。",
                    ),
                    line(
                        "One {w:weather} {t:part}, {A:person} and {B:person} made {x.a:cake}.",
                        "一个{w}的{t}，{A}和{B}做了{x.a}。",
                    ),
                ),
                say(
                    line(
                        "{A} brought the {i:sweet}, and {B} brought the {j:sweet}.",
                        "{A}带来了{i}，{B}带来了{j}。",
                    ),
                    line(
                        "{A} had some {i:sweet}, and {B} had some {j:sweet}.",
                        "{A}有一些{i}，{B}有一些{j}。",
                    ),
                ),
            ),
            (
                1,
                say(
                    line(
                        "{A:person} and {B:person} wanted to make {x.a:dish}.",
                        "{A}和{B}想做{x.a}。",
                    ),
                    line(
                        "One {w:weather} {t:part}, {A:person} and {B:person} made {x.a:dish}.",
                        "一个{w}的{t}，{A}和{B}做了{x.a}。",
                    ),
                ),
                say(
                    line(
                        "{A} brought the {i:savoury}, and {B} brought the {j:savoury}.",
                        "{A}带来了{i}，{B}带来了{j}。",
                    ),
                    line(
                        "{A} had some {i:savoury}, and {B} had some {j:savoury}.",
                        "{A}有一些{i}，{B}有一些{j}。",
                    ),
                ),
            ),
        ),
        say(
            line("First {A} put the {i} into the bowl.", "{A}先把{i}放进碗里。"),
            line("{A} stirred the {i} with a spoon.", "{A}用勺子搅了搅{i}。"),
        ),
        say(
            line("Then {B} added the {j}.", "然后{B}加了{j}。"),
            line("{B} added the {j} and tasted it.", "{B}加了{j}，又尝了尝。"),
        ),
        fork(
            (
                3,
                say(
                    line("Soon the {x} was ready.", "不久，{x}做好了。"),
                    line("The {x} smelled of {i}.", "{x}闻起来有{i}的香味。"),
                ),
                say(
                    line(
                        "They gave some of it to the {k:job} next door.",
                        "两人分了一些给隔壁的{k}。",
                    ),
                    line("They shared it with {C:person}.", "两人和{C}一起吃。"),
                ),
                say(
                    line(
                        '"This is a very good {x}!" said {A}, and felt {g:glad}.',
                        "{A}说：“这{x.measure}{x}真好吃！”{A.he}觉得很{g}。",
                        let="mood=glad",
                    )
                ),
            ),
            (
                2,
                say(
                    line(
                        "But {A} dropped the {x} on the floor.",
                        "可是{A}把{x}掉在了地上。",
                        let="F=A",
                    ),
                    line(
                        "But {B} dropped the {x} on the floor.",
                        "可是{B}把{x}掉在了地上。",
                        let="F=B",
                    ),
                ),
                say(line('"Oh no, our {x}!" they cried.', "两人叫道：“哎呀，我们的{x}！”")),
                say(
                    line(
                        "{F} said sorry and felt {g:sad}.",
                        "{F}说了对不起，觉得很{g}。",
                        let="mood=sad",
                    )
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("What did {A} bring?|{i}", "{A}带来了什么？|{i}"),
        line("Who added the {j}?|{B}", "谁加了{j}？|{B}"),
        line("Who dropped the {x}?|{F}", "谁把{x}掉在了地上？|{F}", when="mood=sad"),
    ),
    summaries=(
        line(
            "{A} and {B} made {x.a}, but {F} dropped it.",
            "{A}和{B}做了{x.a}，可是{F}把它掉在了地上。",
            when="mood=sad",
        ),
        line("{A} and {B} made {x.a} with {i} and {j}.", "{A}和{B}用{i}和{j}做了{x.a}。"),
    ),
)
