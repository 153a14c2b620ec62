"""Two people play two instruments at an event, unless one was left at home."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, say

KIND = Kind(
    "concert",
    (
        say(
            line(
                "{A:person} played the {x:instrument}, and {B:person} played the {y:instrument}.",
                "{A}会演奏{x}，{B}会演奏{y}。",
            ),
            line(
                "{A:person} had {x.a:instrument}, and {B:person} had {y.a:instrument}.",
                "{A}有{x.a}，{B}有{y.a}。",
            ),
        ),
        say(
            line("They wanted to play at the {e:event} on {d:day}.", "两人想在{d}的{e}上演奏。"),
            line(
                "The {e:event} was on {d:day}, and they wanted to play.", "{e}在{d}，两人想去演奏。"
            ),
        ),
        say(
            line("{A} practised {p.at:room}.", "{A}在{p.at}练习。"),
            line("{B} practised {p.at:room}.", "{B}在{p.at}练习。"),
        ),
        maybe(
            2,
            1,
            say(
                line('"Your {y} sounds lovely," said {A}.', "{A}说：“你的{y}真好听。”"),
                line('"Your {x} sounds lovely," said {B}.', "{B}说：“你的{x}真好听。”"),
            ),
        ),
        say(
            line("Then came {d} and the {e}.", "{d}到了，{e}开始了。"),
            line("On {d} everybody came to the {e}.", "{d}，大家都来参加{e}。"),
        ),
        fork(
            (
                3,
                say(
                    line(
                        "{A} took the {x}, {B} took the {y}, and they played.",
                        "{A}拿起{x}，{B}拿起{y}，开始演奏。",
                    ),
                    line("The {x} and the {y} sounded good together.", "{x}和{y}合在一起很好听。"),
                ),
                say(
                    line("The {k:job} danced, and everybody clapped.", "{k}跳起了舞，大家都鼓掌。"),
                    line("The {k:job} gave them {f.pl:flower}.", "{k}送给两人{f}。"),
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
                        "But {A} left the {x} {q.at:room}.",
                        "可是{A}把{x}忘在了{q.at}。",
                        let="F=A z=x",
                    ),
                    line(
                        "But {B} left the {y} {q.at:room}.",
                        "可是{B}把{y}忘在了{q.at}。",
                        let="F=B z=y",
                    ),
                ),
                say(line('"Where is your {z}?" asked the {k:job}.', "{k}问：“你的{z}呢？”")),
                say(
                    line(
                        "{F} could not play and felt {g:sad}.",
                        "{F}不能演奏，觉得很{g}。",
                        let="mood=sad",
                    ),
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Who played the {y}?|{B}", "谁演奏{y}？|{B}"),
        line("When was the {e}?|{d}", "{e}在哪天？|{d}"),
        line("Where was the {z} on {d}?|{q.at}", "{d}{z}在哪里？|{q.at}", when="mood=sad"),
    ),
    summaries=(
        line(
            "{F} forgot the {z} and could not play at the {e}.",
            "{F}忘了带{z}，不能在{e}上演奏。",
            when="mood=sad",
        ),
        line(
            "{A} and {B} played the {x} and the {y} at the {e}.", "{A}和{B}在{e}上演奏了{x}和{y}。"
        ),
    ),
)
