"""A being in a dream has lost its treasure."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, repeat, say

KIND = Kind(
    "dream",
    (
        say(
            line(
                "One night {A:person} dreamed of {a.a:dream} {p.at:nature}.",
                "一天夜里，{A}梦见{p.at}有{a.a}。",
            ),
            line(
                "In a dream, {A:person} met {a.a:dream} {p.at:nature}.",
                "在梦里，{A}在{p.at}遇见了{a.a}。",
            ),
        ),
        say(
            line(
                '"I have lost my {c:colour} {x:treasure}," said the {a}.',
                "{a}说：“我那{x.measure}{c}的{x}丢了。”",
            ),
            line(
                '"Bring me my {c:colour} {x:treasure}," said the {a}.',
                "{a}说：“把我那{x.measure}{c}的{x}拿来。”",
            ),
        ),
        repeat(
            (2, 2, 1),
            say(
                line(
                    "{A} looked {q.at:nature}, but it was not there.",
                    "{A}在{q.at}找了找，可是它不在那里。",
                ),
                line(
                    "{A} looked {q.at:town}, but it was not there.",
                    "{A}在{q.at}找了找，可是它不在那里。",
                ),
            ),
        ),
        fork(
            (
                3,
                say(
                    line("{A} found the {x} {q.at:nature}.", "{A}在{q.at}找到了{x}。"),
                    line("At last {A} saw the {x} {q.at:nature}.", "最后，{A}看见{x}在{q.at}。"),
                ),
                say(
                    line("The {a} took the {c} {x} and thanked {A}.", "{a}拿了{c}的{x}，谢了{A}。"),
                    line('"You found my {x}!" said the {a}.', "{a}说：“你找到了我的{x}！”"),
                ),
                say(line("Then {A} woke up.", "然后{A}醒了。")),
                say(
                    line(
                        "{A} told {B:person} about the {a} and felt {g:glad}.",
                        "{A}把{a}的事告诉了{B}，觉得很{g}。",
                        let="mood=glad",
                    )
                ),
            ),
            (
                2,
                say(
                    line("Then {A} woke up without the {x}.", "然后{A}醒了，没有找到{x}。"),
                ),
                say(
                    line('"The poor {a}!" said {A} to {B:person}.', "{A}对{B}说：“可怜的{a}！”"),
                    line("{A} told {B:person} about the {a}.", "{A}把{a}的事告诉了{B}。"),
                ),
                say(line("{A} felt {g:sad}.", "{A}觉得很{g}。", let="mood=sad")),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Who lost the {x}?|{a}", "谁丢了{x}？|{a}"),
        line("What colour was the {x}?|{c}", "{x}是什么颜色的？|{c}"),
        line("Who heard about the dream?|{B}", "谁听说了这个梦？|{B}"),
        line("Where was the {x}?|{q.at}", "{x}在哪里？|{q.at}", when="mood=glad"),
    ),
    summaries=(
        line(
            "{A} dreamed of {a.a} and did not find the {x}.",
            "{A}梦见了{a.a}，没有找到{x}。",
            when="mood=sad",
        ),
        line("{A} dreamed of {a.a} and found the {x}.", "{A}梦见了{a.a}，找到了{x}。"),
    ),
)
