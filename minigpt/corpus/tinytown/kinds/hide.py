"""A toy is put away, moved while its owner is out, and looked for in the wrong place."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, repeat, say

KIND = Kind(
    "hide",
    (
        say(
            line(
                "{A:person} and {B:person} were playing with {x.a:toy}.",
                "{A}和{B}在玩{x.a}。",
            ),
            line(
                "{A:person} had {x.a:toy} and showed it to {B:person}.",
                "{A}有{x.a}，拿给{B}看。",
            ),
        ),
        say(
            line("{A} put the {x} {p.at:spot} and went out.", "{A}把{x}放在{p.at}，就出去了。"),
            line("{A} left the {x} {p.at:spot} and went out.", "{A}把{x}留在{p.at}，就出去了。"),
        ),
        say(
            line("Then {B} hid the {x} {q.at:spot}.", "后来{B}把{x}藏在了{q.at}。"),
            line("For a joke, {B} hid the {x} {q.at:spot}.", "{B}开了个玩笑，把{x}藏在了{q.at}。"),
        ),
        repeat(
            (3, 2, 1),
            say(
                line(
                    "Then {B} took it and put it {q.at:spot}.", "然后{B}又把它拿出来，放在{q.at}。"
                )
            ),
        ),
        say(
            line(
                "Soon {A} came back and looked {p.at}, but the {x} was not there.",
                "不久，{A}回来了，在{p.at}找了找，可是{x}不在那里。",
            ),
            line(
                "{A} came back and looked {p.at}, but it was not there.",
                "{A}回来了，在{p.at}找了找，可是它不在那里。",
            ),
        ),
        fork(
            (
                3,
                say(
                    line('"Look {q.at}!" said {B}.', "{B}说：“看看{q.at}！”"),
                    line('"Your {x} is {q.at}," said {B}.', "{B}说：“你的{x}在{q.at}。”"),
                ),
                say(
                    line(
                        "{A} found the {x} and felt {g:glad}.",
                        "{A}找到了{x}，觉得很{g}。",
                        let="mood=glad",
                    ),
                    line(
                        "{A} found the {x}, and they both laughed.",
                        "{A}找到了{x}，两人都笑了。",
                        let="mood=glad",
                    ),
                ),
            ),
            (
                2,
                say(line("{A} felt {g:sad} and began to cry.", "{A}觉得很{g}，哭了起来。")),
                say(
                    line(
                        '"Sorry, it is {q.at}," said {B}.',
                        "{B}说：“对不起，它在{q.at}。”",
                        let="mood=sad",
                    ),
                    line(
                        '"Sorry, your {x} is {q.at}," said {B}.',
                        "{B}说：“对不起，你的{x}在{q.at}。”",
                        let="mood=sad",
                    ),
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Where did {A} look for the {x}?|{p.at}", "{A}在哪里找{x}？|{p.at}"),
        line("Where was the {x} when {A} came back?|{q.at}", "{A}回来时{x}在哪里？|{q.at}"),
        line("Who hid the {x}?|{B}", "谁藏了{x}？|{B}"),
    ),
    summaries=(line("{B} hid {A}'s {x} {q.at}.", "{B}把{A}的{x}藏在了{q.at}。"),),
)
