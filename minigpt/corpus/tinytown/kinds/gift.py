"""A birthday: who gave what, and in which paper?"""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, say

KIND = Kind(
    "gift",
    (
        say(
            line("It was {A:person}'s birthday.", "那天是{A}的生日。"),
            line("{A:person} had a birthday on {d:day}.", "{d}是{A}的生日。"),
        ),
        say(
            line(
                "{B:person} brought {A.him} a present in {c:colour} paper.",
                "{B}送给{A.him}一份用{c}的纸包着的礼物。",
            ),
            line(
                "{B:person} came with a present. The paper was {c:colour}.",
                "{B}带着礼物来了。包装纸是{c}的。",
            ),
        ),
        say(
            line(
                "{A} opened the {c} paper and found {x.a:present}.",
                "{A}打开{c}的纸，里面是{x.a}。",
            ),
            line(
                "Under the {c} paper there was {x.a:present}.",
                "{c}的纸里面是{x.a}。",
            ),
        ),
        maybe(
            2,
            1,
            say(
                line("There was also {b.a:cake}.", "桌上还有{b.a}。"),
                line("They ate {b.a:cake}.", "两人吃了{b.a}。"),
            ),
        ),
        fork(
            (
                3,
                say(
                    line('"Thank you, {B}!" said {A}.', "{A}说：“谢谢你，{B}！”"),
                    line('"I love the {x}!" said {A}.', "{A}说：“我喜欢这{x.measure}{x}！”"),
                ),
                say(
                    line(
                        "In the evening {A} showed the {x} to {A.his} {r:relative}.",
                        "晚上，{A}把{x}拿给{r}看。",
                    ),
                    line("{A} ran to {A.his} {r:relative} with the {x}.", "{A}拿着{x}跑去找{r}。"),
                ),
                say(
                    line(
                        '"Who gave you the {x}?" asked {A.his} {r}.',
                        "{r}问：“这{x.measure}{x}是谁送的？”",
                    )
                ),
                say(
                    line(
                        '"It is from {B}," said {A}, and felt {g:glad}.',
                        "{A}说：“是{B}送的。”{A.he}觉得很{g}。",
                        let="mood=glad",
                    )
                ),
            ),
            (
                1,
                say(
                    line(
                        "But {A} already had {x.a}, and {B} felt {g:sad}.",
                        "可是{A}已经有{x.a}了，{B}觉得很{g}。",
                        let="mood=sad",
                    ),
                    line(
                        "But the {x} was broken, and {A} felt {g:sad}.",
                        "可是{x}坏了，{A}觉得很{g}。",
                        let="mood=sad",
                    ),
                ),
                say(
                    line('"I am sorry about the {x}," said {B}.', "{B}说：“{x}的事真对不起。”"),
                    line('"Never mind the {x}," said {A}.', "{A}说：“{x}的事没关系。”"),
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Who gave {A} a present?|{B}", "谁送给{A}礼物？|{B}"),
        line("What was the present?|{x}", "礼物是什么？|{x}"),
        line("What colour was the paper?|{c}", "包装纸是什么颜色的？|{c}"),
    ),
    summaries=(
        line("{B} gave {A} {x.a} for {A.his} birthday.", "{A}生日那天，{B}送给{A.him}{x.a}。"),
    ),
)
