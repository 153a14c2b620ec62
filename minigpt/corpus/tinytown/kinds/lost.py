"""Somebody loses a thing; two people look for it, and one finds it, or nobody does."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, repeat, say

KIND = Kind(
    "lost",
    (
        say(
            line(
                "One {w:weather} {t:part}, {A:person} could not find {A.his} {x:belonging}.",
                "一个{w}的{t}，{A}找不到{A.his}{x}了。",
            ),
            line(
                "On {t:day}, {A:person} lost {A.his} {x:belonging}.", "{t}，{A}弄丢了{A.his}{x}。"
            ),
        ),
        maybe(
            1,
            1,
            say(line("It was {c:colour}, and {A.he} loved it.", "那是{c}的，{A.he}很喜欢它。")),
        ),
        say(
            line(
                '"Have you seen my {x}?" {A.he} asked {B:person}.',
                "{A.he}问{B}：“你看见我的{x}了吗？”",
            ),
            line(
                '"Please help me find my {x}," {A.he} said to {B:person}.',
                "{A.he}对{B}说：“请帮我找找我的{x}。”",
            ),
        ),
        repeat(
            (2, 4, 2, 1),
            say(
                line(
                    "{A} looked {p.at:spot}, but the {x} was not there.",
                    "{A}在{p.at}找了找，可是{x}不在那里。",
                ),
                line(
                    "{B} looked {p.at:spot} and found nothing.", "{B}在{p.at}找了找，什么也没找到。"
                ),
            ),
        ),
        fork(
            (
                3,
                say(
                    line(
                        "Then {A} looked {p.at:spot}, and there was the {x}!",
                        "后来{A}在{p.at}找了找，{x}就在那里！",
                        let="F=A",
                    ),
                    line(
                        "Then {B} looked {p.at:spot}, and there was the {x}!",
                        "后来{B}在{p.at}找了找，{x}就在那里！",
                        let="F=B",
                    ),
                ),
                say(
                    line('"I found it!" said {F}.', "{F}说：“我找到了！”"),
                    line('"Look, it was {p.at}!" said {F}.', "{F}说：“看，它在{p.at}！”"),
                ),
                say(
                    line("{A} felt {g:glad}.", "{A}觉得很{g}。", let="mood=glad"),
                    line(
                        "{A} held the {x} and felt {g:glad}.",
                        "{A}拿着{x}，觉得很{g}。",
                        let="mood=glad",
                    ),
                ),
            ),
            (
                1,
                say(line("They never found the {x}.", "两人一直没有找到{x}。")),
                say(
                    line(
                        "{A} felt {g:sad}, and {B} gave {A.him} a hug.",
                        "{A}觉得很{g}，{B}抱了抱{A.him}。",
                        let="mood=sad",
                    )
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("What did {A} lose?|{x}", "{A}弄丢了什么？|{x}"),
        line("Who helped {A}?|{B}", "谁帮了{A}？|{B}"),
        line("Who found the {x}?|{F}", "谁找到了{x}？|{F}", when="mood=glad"),
        line("Where was the {x}?|{p.at}", "{x}在哪里？|{p.at}", when="mood=glad"),
    ),
    summaries=(
        line(
            "{A} lost {A.his} {x}. {F} found it {p.at}.",
            "{A}弄丢了{x}，{F}在{p.at}找到了它。",
            when="mood=glad",
        ),
        line("{A} lost {A.his} {x}. Nobody found it.", "{A}弄丢了{x}，谁也没有找到它。"),
    ),
)
