"""An animal that has is asked by an animal that has not, and shares or does not."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, say

KIND = Kind(
    "fable",
    (
        say(
            line(
                "Once {a.a:wild} lived {p.at:nature} and had {n:many} {f.pl:fruit}.",
                "从前，{p.at}住着{a.a}，它有{n}{f.measure}{f}。",
            ),
            line(
                "Once {a.a:wild} found {n:many} {f.pl:fruit} {p.at:nature}.",
                "从前，{a.a}在{p.at}找到了{n}{f.measure}{f}。",
            ),
        ),
        say(
            line("{b.A:wild} came and was hungry.", "{b.a}来了，肚子很饿。"),
            line("{b.A:wild} came along the road.", "{b.a}沿着小路走来。"),
        ),
        say(
            line('"Please give me {f.a}," said the {b}.', "{b}说：“请给我一{f.measure}{f}。”"),
            line('"May I have some of your {f.pl}?" asked the {b}.', "{b}问：“能给我一些{f}吗？”"),
        ),
        fork(
            (
                3,
                say(
                    line("The {a} gave the {b} {m:few} {f.pl}.", "{a}给了{b}{m}{f.measure}{f}。"),
                    line('"Yes, take some," said the {a}.', "{a}说：“好，拿一些吧。”"),
                ),
                maybe(1, 1, say(line("They ate the {f.pl} together.", "它们一起吃了{f}。"))),
                say(
                    line("In {t:winter} the {a} was ill.", "{t}，{a}病了。"),
                    line("In {t:winter} the {a} had no food.", "{t}，{a}没有吃的了。"),
                ),
                say(
                    line("The {b} came and brought {v.pl:vegetable}.", "{b}来了，带来了{v}。"),
                    line("Then the {b} gave the {a} {v.pl:vegetable}.", "{b}就给了{a}{v}。"),
                ),
                say(
                    line(
                        '"You are a good friend," said the {a}.',
                        "{a}说：“你是个好朋友。”",
                        let="mood=glad",
                    ),
                    line(
                        "The {a} and the {b} were friends ever after.",
                        "{a}和{b}从此成了好朋友。",
                        let="mood=glad",
                    ),
                ),
            ),
            (
                2,
                say(
                    line('"No, they are mine," said the {a}.', "{a}说：“不，这是我的。”"),
                    line("The {a} hid the {f.pl} and said no.", "{a}把{f}藏起来，说不行。"),
                ),
                say(
                    line("So the {b} went away hungry.", "{b}只好饿着肚子走了。"),
                    line(
                        "The {b} slept without food {q.at:nature}.", "{b}没有吃东西，睡在{q.at}。"
                    ),
                ),
                maybe(
                    1,
                    1,
                    say(
                        line(
                            "The {a} ate all {n} {f.pl} alone.",
                            "{a}独自吃掉了{n}{f.measure}{f}。",
                        )
                    ),
                ),
                say(
                    line(
                        "The {a} had {f.pl} but no friend.",
                        "{a}有{f}，却没有朋友。",
                        let="mood=sad",
                    ),
                    line(
                        "After that nobody played with the {a}.",
                        "从那以后，谁也不和{a}玩。",
                        let="mood=sad",
                    ),
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Who had the {f.pl} first?|{a}", "{f}起先是谁的？|{a}"),
        line("Who asked for food?|{b}", "谁来要吃的？|{b}"),
        line("What did the {b} bring?|{v.pl}", "{b}带来了什么？|{v}", when="mood=glad"),
    ),
    summaries=(
        line("The {a} did not share with the {b}.", "{a}没有和{b}分享。", when="mood=sad"),
        line(
            "The {a} shared with the {b}, and the {b} helped later.",
            "{a}和{b}分享，后来{b}帮了它。",
        ),
    ),
)
