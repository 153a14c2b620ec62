"""A pet runs away; somebody saw it somewhere, and it is there, or it is not."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, repeat, say

KIND = Kind(
    "pet",
    (
        say(
            line(
                "{A:person} had {a.a:pet} called {n:petname}.",
                "{A}有{a.a}，名叫{n}。",
            ),
            line(
                "{n:petname} was {a.a:pet} and lived with {A:person}.",
                "{n}是{a.a}，和{A}住在一起。",
            ),
        ),
        say(
            line("One {w:weather} {t:part}, {n} ran away.", "一个{w}的{t}，{n}跑掉了。"),
            line("On {t:day}, the {a} was gone.", "{t}，{a}不见了。"),
        ),
        repeat(
            (1, 1),
            say(
                line(
                    "{A} looked {p.at:spot}, but {n} was not there.",
                    "{A}在{p.at}找了找，可是{n}不在那里。",
                ),
                line(
                    '"{n}, {n}!" called {A}, but nobody came.',
                    "{A}喊道：“{n}，{n}！”可是没有动静。",
                ),
            ),
        ),
        say(
            line(
                '{A} asked the {k:job}, "Have you seen my {a}?"', "{A}问{k}：“你看见我的{a}了吗？”"
            ),
            line('"Where is my {a}?" {A} asked the {k:job}.', "{A}问{k}：“我的{a}在哪里？”"),
        ),
        say(
            line('"I saw it {q.at:nature}," said the {k}.', "{k}说：“我在{q.at}看见它了。”"),
            line('"I saw it {q.at:town}," said the {k}.', "{k}说：“我在{q.at}看见它了。”"),
        ),
        say(
            line("{A} ran to the {q}.", "{A}跑到{q}。"),
            line("So {A} went to the {q}.", "于是{A}去了{q}。"),
        ),
        fork(
            (
                3,
                say(
                    line("There was {n}, next to {B:person}!", "{n}就在那里，在{B}身边！"),
                    line("{n} was there and played with {B:person}.", "{n}在那里，正和{B}玩。"),
                ),
                say(
                    line('"Is this your {a}?" asked {B}.', "{B}问：“这是你的{a}吗？”"),
                    line('"What a nice {a}!" said {B}.', "{B}说：“多可爱的{a}呀！”"),
                ),
                say(
                    line(
                        "{A} took {n} home and felt {g:glad}.",
                        "{A}带{n}回家，觉得很{g}。",
                        let="mood=glad",
                    )
                ),
            ),
            (
                2,
                say(
                    line(
                        "But it was another {a}, not {n}.", "可是那是另一{a.measure}{a}，不是{n}。"
                    ),
                    line("But there was no {a} {q.at}.", "可是{a}不在{q.at}。"),
                ),
                say(
                    line(
                        "{A} went home without {n} and felt {g:sad}.",
                        "{A}没有找到{n}就回家了，觉得很{g}。",
                        let="mood=sad",
                    )
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("What kind of animal was {n}?|{a}", "{n}是什么动物？|{a}"),
        line("Who said where {n} was?|{k}", "谁说了{n}在哪里？|{k}"),
        line("Who was with {n}?|{B}", "谁和{n}在一起？|{B}", when="mood=glad"),
    ),
    summaries=(
        line(
            "{A} looked for {n} the {a} and did not find it.",
            "{A}找{a}{n}，没有找到。",
            when="mood=sad",
        ),
        line("{n} the {a} ran away. {A} found it {q.at}.", "{a}{n}跑掉了，{A}在{q.at}找到了它。"),
    ),
)
