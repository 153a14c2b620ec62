"""Two people swap toys, perhaps once more with a third: who has what at the end?"""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, say

KIND = Kind(
    "swap",
    (
        say(
            line(
                "{A:person} had {x.a:toy}, and {B:person} had {y.a:toy}.",
                "{A}有{x.a}，{B}有{y.a}。",
            ),
            line(
                "{A:person} came with {x.a:toy}, and {B:person} came with {y.a:toy}.",
                "{A}带来了{x.a}，{B}带来了{y.a}。",
            ),
        ),
        say(
            line('"Shall we swap?" asked {A}.', "{A}问：“我们交换好吗？”"),
            line(
                '"I like your {y}. Let us swap!" said {A}.', "{A}说：“我喜欢你的{y}。我们交换吧！”"
            ),
            line(
                '"I like your {x}. Let us swap!" said {B}.', "{B}说：“我喜欢你的{x}。我们交换吧！”"
            ),
        ),
        say(
            line("{A} gave {B} the {x} and got the {y}.", "{A}把{x}给了{B}，得到了{y}。"),
            line("{B} gave {A} the {y} and got the {x}.", "{B}把{y}给了{A}，得到了{x}。"),
        ),
        say(
            line("{A} played with the {y} {p.at:town}.", "{A}在{p.at}玩{y}。"),
            line("{B} played with the {x} {p.at:town}.", "{B}在{p.at}玩{x}。"),
        ),
        maybe(
            3,
            2,
            say(
                line("Then {C:person} wanted the {y}.", "后来{C}想要{y}。"),
                line("Then {C:person} asked for the {y}.", "后来{C}来要{y}。"),
            ),
            say(line("{C} gave {A} {y.a:toy} for it.", "{C}用{y.a}和{A}换了它。")),
            say(
                line("Now {A} had the {y}.", "现在{A}有了{y}。"),
                line("{A} showed the {y} to {B}.", "{A}把{y}拿给{B}看。"),
            ),
        ),
        fork(
            (
                3,
                say(
                    line('"My {y} is the best," said {A}.', "{A}说：“我的{y}最好玩。”"),
                    line('"I love my {x}," said {B}.', "{B}说：“我喜欢我的{x}。”"),
                ),
                say(
                    line(
                        "{A} went home with the {y} and felt {g:glad}.",
                        "{A}带着{y}回家，觉得很{g}。",
                        let="mood=glad",
                    ),
                    line(
                        "{B} went home with the {x} and felt {g:glad}.",
                        "{B}带着{x}回家，觉得很{g}。",
                        let="mood=glad",
                    ),
                ),
            ),
            (
                2,
                say(
                    line("In the evening the {y} broke.", "到了晚上，{y}坏了。", let="F=A"),
                    line("In the evening the {x} broke.", "到了晚上，{x}坏了。", let="F=B"),
                ),
                say(
                    line('"That was a bad swap," said {F}.', "{F}说：“这次换得不好。”"),
                    line("{F} tried to mend it, but could not.", "{F}想修好它，可是没有修好。"),
                ),
                say(line("{F} felt {g:sad}.", "{F}觉得很{g}。", let="mood=sad")),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Who had the {x} at the end?|{B}", "最后谁有{x}？|{B}"),
        line("What did {A} have at the end?|{y}", "最后{A}有什么？|{y}"),
    ),
    summaries=(
        line(
            "{A} gave {B} {x.a}. At the end {A} had {y.a}.", "{A}把{x.a}给了{B}，最后{A}有{y.a}。"
        ),
    ),
)
