"""Two people pack food for a trip and share it, unless the weather turns."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, say

KIND = Kind(
    "trip",
    (
        say(
            line(
                "{A:person} and {B:person} wanted to go to the {p:nature}.",
                "{A}和{B}想去{p}。",
            ),
            line(
                "On {d:day}, {A:person} and {B:person} went to the {p:nature} by {h:vehicle}.",
                "{d}，{A}和{B}坐{h}去{p}。",
            ),
        ),
        say(
            line(
                "{A} packed {x.a:snack}, and {B} packed {y.a:snack}.",
                "{A}带了{x.a}，{B}带了{y.a}。",
            ),
            line(
                "{A} carried {x.a:snack}, and {B} carried {y.a:snack}.",
                "{A}拿着{x.a}，{B}拿着{y.a}。",
            ),
        ),
        maybe(
            2,
            1,
            say(
                line("{A} brought {c.a:colour} {u:garment}.", "{A}带上了一{u.measure}{c}的{u}。"),
                line("{B} brought {c.a:colour} {u:garment}.", "{B}带上了一{u.measure}{c}的{u}。"),
            ),
        ),
        maybe(
            2,
            1,
            say(
                line("On the way they saw {a.a:wild}.", "路上，两人看见了{a.a}。"),
                line("Near the {p} they saw {a.a:wild}.", "在{p}附近，两人看见了{a.a}。"),
            ),
            say(
                line('"Look at the {a}!" said {A}.', "{A}说：“看那{a.measure}{a}！”"),
                line('"Look at the {a}!" said {B}.', "{B}说：“看那{a.measure}{a}！”"),
            ),
        ),
        fork(
            (
                3,
                say(
                    line("Soon they were {p.at}.", "不久，两人到了{p.at}。"),
                    line("They sat down {p.at}.", "两人在{p.at}坐下。"),
                ),
                say(
                    line("{A} gave {B} the {x}.", "{A}把{x}给了{B}。"),
                    line(
                        "{B} was hungry, so {A} gave {B.him} the {x}.",
                        "{B}饿了，{A}把{x}给了{B.him}。",
                    ),
                ),
                say(
                    line("{B} gave {A} the {y}.", "{B}把{y}给了{A}。"),
                    line("Then {A} ate the {y}.", "然后{A}吃了{y}。"),
                ),
                say(
                    line("{A} felt {g:glad}.", "{A}觉得很{g}。", let="mood=glad"),
                    line("{B} felt {g:glad}.", "{B}觉得很{g}。", let="mood=glad"),
                ),
            ),
            (
                2,
                say(
                    line(
                        "But it began to rain, and they went home.", "可是下起了雨，两人只好回家。"
                    ),
                    line(
                        "But there was a storm, and they went home.",
                        "可是来了暴风雨，两人只好回家。",
                    ),
                ),
                say(
                    line("{A} ate the {x} {q.at:room}.", "{A}在{q.at}吃了{x}。"),
                    line("{B} ate the {y} {q.at:room}.", "{B}在{q.at}吃了{y}。"),
                ),
                say(
                    line(
                        '"I wanted to see the {p}," said {B}, and felt {g:sad}.',
                        "{B}说：“我想看{p}。”{B.he}觉得很{g}。",
                        let="mood=sad",
                    )
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Where did {A} and {B} want to go?|{p}", "{A}和{B}想去哪里？|{p}"),
        line("Who brought the {y}?|{B}", "谁带了{y}？|{B}"),
        line("Who got the {x}?|{B}", "{x}给了谁？|{B}", when="mood=glad"),
    ),
    summaries=(
        line(
            "{A} and {B} had to go home because of the weather.",
            "天气不好，{A}和{B}只好回家。",
            when="mood=sad",
        ),
        line("{A} and {B} went to the {p} and shared their food.", "{A}和{B}去了{p}，分享了吃的。"),
    ),
)
