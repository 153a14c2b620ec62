"""Two people plant two things; they grow, or an animal eats them."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, say

KIND = Kind(
    "garden",
    (
        say(
            line(
                "In {m:spring}, {A:person} planted {v.pl:vegetable} in the garden.",
                "{m}，{A}在花园里种了{v}。",
            ),
            line(
                "In {m:spring}, {A:person} planted {v.pl:flower} in the garden.",
                "{m}，{A}在花园里种了{v}。",
            ),
        ),
        say(
            line("{B:person} planted {u.pl:vegetable} next to them.", "{B}在旁边种了{u}。"),
            line("{B:person} planted {u.pl:flower} next to them.", "{B}在旁边种了{u}。"),
        ),
        say(
            line(
                "{A} used {x.a:gardentool}, and {B} used {y.a:gardentool}.", "{A}用{x}，{B}用{y}。"
            ),
            line(
                "{A} had {x.a:gardentool}, and {B} had {y.a:gardentool}.",
                "{A}有{x.a}，{B}有{y.a}。",
            ),
        ),
        maybe(
            2,
            1,
            say(
                line('"I need your {y}," said {A}.', "{A}说：“我要用你的{y}。”"),
                line('"I need your {x}," said {B}.', "{B}说：“我要用你的{x}。”"),
            ),
        ),
        say(
            line("{A} watered the {v.pl} every {d:day}.", "{A}每个{d}给{v}浇水。"),
            line("{B} watered the {u.pl} every {d:day}.", "{B}每个{d}给{u}浇水。"),
        ),
        fork(
            (
                3,
                say(
                    line(
                        "In {o:autumn} there were {n:number} {v.pl}.",
                        "到了{o}，有了{n}{v.measure}{v}。",
                    ),
                    line(
                        "In {o:autumn} {A} had {n:number} {v.pl}.",
                        "到了{o}，{A}有了{n}{v.measure}{v}。",
                    ),
                ),
                say(
                    line("{A} gave the {v.pl} to the {k:job}.", "{A}把{v}送给了{k}。"),
                    line("{B} gave the {u.pl} to the {k:job}.", "{B}把{u}送给了{k}。"),
                ),
                say(
                    line('"Thank you!" said the {k}.', "{k}说：“谢谢！”"),
                    line('"How lovely!" said the {k}.', "{k}说：“真好！”"),
                ),
                say(
                    line("{A} and {B} felt {g:glad}.", "{A}和{B}都觉得很{g}。", let="mood=glad"),
                ),
            ),
            (
                2,
                say(
                    line(
                        "But {a.a:pest} came and ate the {v.pl}.",
                        "可是{a.a}来了，吃掉了{v}。",
                        let="F=A",
                    ),
                    line(
                        "But {a.a:pest} came and ate the {u.pl}.",
                        "可是{a.a}来了，吃掉了{u}。",
                        let="F=B",
                    ),
                ),
                say(
                    line('"That bad {a}!" said {F}.', "{F}说：“这{a.measure}坏{a}！”"),
                    line('"Go away, {a}!" shouted {F}.', "{F}喊道：“{a}，走开！”"),
                ),
                say(line("{F} felt {g:sad}.", "{F}觉得很{g}。", let="mood=sad")),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Who planted the {u.pl}?|{B}", "谁种了{u}？|{B}"),
        line("What did {A} plant?|{v.pl}", "{A}种了什么？|{v}"),
        line(
            "Who got something from the garden?|{k}", "谁得到了花园里的东西？|{k}", when="mood=glad"
        ),
    ),
    summaries=(
        line(
            "{A} and {B} planted a garden, but {a.a} came and ate.",
            "{A}和{B}种了花园，可是{a.a}来吃掉了。",
            when="mood=sad",
        ),
        line("{A} planted {v.pl}, and {B} planted {u.pl}.", "{A}种了{v}，{B}种了{u}。"),
    ),
)
