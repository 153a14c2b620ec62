"""A guessing game: what does the other one have?"""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, repeat, say

KIND = Kind(
    "guess",
    (
        say(
            line(
                '"Guess what I have," said {A:person} to {B:person}.',
                "{A}对{B}说：“猜猜我有什么。”",
            ),
            line(
                '"I have something nice. Guess!" said {A:person} to {B:person}.',
                "{A}对{B}说：“我有一样好东西。猜猜看！”",
            ),
        ),
        say(
            line('"Is it {c:colour}?" asked {B}.', "{B}问：“它是{c}的吗？”"),
            line('"What colour is it, {c:colour}?" asked {B}.', "{B}问：“什么颜色，{c}的吗？”"),
        ),
        say(
            line('"Yes, it is {c}," said {A}.', "{A}说：“对，是{c}的。”"),
            line('"No, it is {c:colour}," said {A}.', "{A}说：“不，是{c}的。”"),
        ),
        repeat(
            (1, 2, 1),
            say(
                line(
                    '"Is it {y.a:toy}?" asked {B}. "No," said {A}.',
                    "{B}问：“是{y.a}吗？”{A}说：“不是。”",
                ),
                line(
                    '"Is it {y.a:garment}?" asked {B}. "No," said {A}.',
                    "{B}问：“是{y.a}吗？”{A}说：“不是。”",
                ),
            ),
        ),
        fork(
            (
                3,
                say(
                    line('"Then it is {x.a:toy}!" said {B}.', "{B}说：“那是{x.a}！”"),
                    line('"Then it is {x.a:garment}!" said {B}.', "{B}说：“那是{x.a}！”"),
                ),
                say(
                    line('"Yes, {c.a} {x}!" said {A}.', "{A}说：“对，一{x.measure}{c}的{x}！”"),
                    line('"Right, it is {x.a}!" said {A}.', "{A}说：“对了，是{x.a}！”"),
                ),
                say(
                    line("{A} gave {B} the {c} {x}.", "{A}把{c}的{x}给了{B}。", let="H=B"),
                    line("{A} let {B} keep the {x}.", "{A}把{x}送给了{B}。", let="H=B"),
                ),
                say(line("{H} felt {g:glad}.", "{H}觉得很{g}。", let="mood=glad")),
            ),
            (
                2,
                say(
                    line('"I do not know," said {B}.', "{B}说：“我不知道。”"),
                    line("{B} could not guess it.", "{B}猜不出来。"),
                ),
                say(
                    line('"It is {c.a} {x:toy}," said {A}.', "{A}说：“是一{x.measure}{c}的{x}。”"),
                    line(
                        '"It is {c.a} {x:garment}," said {A}.', "{A}说：“是一{x.measure}{c}的{x}。”"
                    ),
                ),
                say(
                    line(
                        "{A} kept the {x}, and {B} felt {g:sad}.",
                        "{A}留下了{x}，{B}觉得很{g}。",
                        let="mood=sad H=A",
                    ),
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("What did {A} have?|{x}", "{A}有什么？|{x}"),
        line("What colour was it?|{c}", "它是什么颜色的？|{c}"),
        line("Who had the {x} at the end?|{H}", "最后谁有{x}？|{H}"),
    ),
    summaries=(
        line(
            "{B} could not guess that {A} had {c.a} {x}.",
            "{B}猜不出{A}有一{x.measure}{c}的{x}。",
            when="mood=sad",
        ),
        line("{B} guessed that {A} had {c.a} {x}.", "{B}猜出{A}有一{x.measure}{c}的{x}。"),
    ),
)
