"""A tool is lent, perhaps passed on, asked for, and given back whole or broken."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, say

KIND = Kind(
    "lend",
    (
        say(
            line(
                "{A:person} had {c.a:colour} {x:tool}.",
                "{A}有一{x.measure}{c}的{x}。",
            ),
            line(
                "{A:person} bought {c.a:colour} {x:tool} from the {k:job}.",
                "{A}从{k}那里买了一{x.measure}{c}的{x}。",
            ),
        ),
        say(
            line(
                "{B:person} was mending the {y:broken} and needed {x.a}.",
                "{B}正在修{y}，需要{x.a}。",
            ),
            line(
                "{B:person} needed {x.a} for the old {y:broken}.",
                "{B}要修旧{y}，需要{x.a}。",
            ),
        ),
        say(
            line('"May I borrow your {x}?" asked {B}.', "{B}问：“能借一下你的{x}吗？”"),
            line(
                '"Please lend me your {c} {x}," said {B}.',
                "{B}说：“请借我你那{x.measure}{c}的{x}。”",
            ),
        ),
        say(line("{A} gave {B.him} the {x}.", "{A}把{x}给了{B.him}。", let="H=B")),
        maybe(
            1,
            1,
            say(
                line(
                    "Then {C:person} came, and {B} gave the {x} to {C}.",
                    "后来{C}来了，{B}把{x}给了{C}。",
                    let="H=C",
                ),
                line(
                    "The next day {B} lent the {x} to {C:person}.",
                    "第二天，{B}把{x}借给了{C}。",
                    let="H=C",
                ),
            ),
        ),
        say(
            line('On {d:day}, {A} asked, "Who has my {x}?"', "{d}，{A}问：“谁拿着我的{x}？”"),
            line('"Who has my {x}?" asked {A} on {d:day}.', "{d}，{A}问：“我的{x}在谁那里？”"),
        ),
        say(line('"I have it," said {H}.', "{H}说：“在我这里。”")),
        fork(
            (
                3,
                say(
                    line("{H} gave the {c} {x} back to {A}.", "{H}把{c}的{x}还给了{A}。"),
                    line(
                        "{H} brought the {x} to {A}.",
                        "{H}把{x}还给了{A}。",
                    ),
                ),
                say(
                    line(
                        "{A} put the {x} {p.at:spot} and felt {g:glad}.",
                        "{A}把{x}放在{p.at}，觉得很{g}。",
                        let="mood=glad",
                    ),
                ),
            ),
            (
                2,
                say(
                    line('"But I broke your {x}," {H} said.', "{H}又说：“可是我把你的{x}弄坏了。”"),
                    line(
                        '"But the {c} {x} is broken," {H} said.',
                        "{H}又说：“可是那{x.measure}{c}的{x}坏了。”",
                    ),
                ),
                say(
                    line(
                        "{A} looked at the {x} and felt {g:sad}.",
                        "{A}看着{x}，觉得很{g}。",
                        let="mood=sad",
                    ),
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Who had the {x} on {d}?|{H}", "{d}{x}在谁那里？|{H}"),
        line("What colour was the {x}?|{c}", "{x}是什么颜色的？|{c}"),
        line("Who wanted to borrow the {x} first?|{B}", "谁先借了{x}？|{B}"),
        line("Where did {A} put the {x}?|{p.at}", "{A}把{x}放在哪里？|{p.at}", when="mood=glad"),
    ),
    summaries=(
        line(
            "{A} lent the {x} to {B}, and it came back broken.",
            "{A}把{x}借给{B}，还回来时坏了。",
            when="mood=sad",
        ),
        line(
            "{A} lent the {x} to {B}, and {H} gave it back.", "{A}把{x}借给{B}，{H}把它还了回来。"
        ),
    ),
)
