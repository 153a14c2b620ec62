"""A letter about a new pet goes to a village; the friend comes, or the answer is lost."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, say

KIND = Kind(
    "letter",
    (
        say(
            line(
                "{A:person} wrote a letter to {B:person} in {v:village}.",
                "{A}给住在{v}的{B}写了一封信。",
            ),
            line(
                "In {m:month}, {A:person} wrote a letter to {B:person} in {v:village}.",
                "{m}，{A}给住在{v}的{B}写了一封信。",
            ),
        ),
        say(
            line(
                '"I have {a.a:pet} called {n:petname}," {A.he} wrote.',
                "{A.he}写道：“我有{a.a}，名叫{n}。”",
            ),
            line(
                '"My {r:relative} gave me {a.a:pet} called {n:petname}," {A.he} wrote.',
                "{A.he}写道：“{r}送给我{a.a}，名叫{n}。”",
            ),
        ),
        say(
            line('"It likes {s.pl:snack}," said the letter.', "信里说：“它喜欢吃{s}。”"),
            line('"It likes {s.pl:fruit}," said the letter.', "信里说：“它喜欢吃{s}。”"),
        ),
        say(
            line("The letter went to {v} by {h:vehicle}.", "信坐{h}到了{v}。"),
            line("After {o:number} days the letter came to {v}.", "过了{o}天，信到了{v}。"),
        ),
        say(
            line("{B} read about {n} and smiled.", "{B}读到{n}的事，笑了。"),
            line("{B} read the letter by the window.", "{B}在窗边读了信。"),
        ),
        fork(
            (
                3,
                say(
                    line(
                        '"I want to see {n}," {B.he} wrote back.',
                        "{B.he}回信说：“我想见见{n}。”",
                    ),
                ),
                say(
                    line("On {d:day}, {B} came with {s.pl}.", "{d}，{B}带着{s}来了。"),
                    line(
                        "Soon {B} came by {k:vehicle} with {s.pl}.",
                        "不久，{B}带着{s}坐{k}来了。",
                    ),
                ),
                say(
                    line(
                        "{n} ate them all, and {A} felt {g:glad}.",
                        "{n}全都吃了，{A}觉得很{g}。",
                        let="mood=glad",
                    ),
                ),
            ),
            (
                2,
                say(
                    line(
                        '"I would like {a.a} too," {B.he} wrote back.',
                        "{B.he}回信说：“我也想要{a.a}。”",
                    ),
                ),
                say(
                    line(
                        "But the answer never came to {A}.",
                        "可是{A}没有收到回信。",
                    ),
                ),
                say(
                    line(
                        "{A} waited {q:number} days and felt {g:sad}.",
                        "{A}等了{q}天，觉得很{g}。",
                        let="mood=sad",
                    ),
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Where did {B} live?|{v}", "{B}住在哪里？|{v}"),
        line("What kind of animal was {n}?|{a}", "{n}是什么动物？|{a}"),
        line("What did {n} like to eat?|{s.pl}", "{n}喜欢吃什么？|{s}"),
    ),
    summaries=(
        line(
            "{A} wrote to {B} about {n} the {a}, but no answer came.",
            "{A}写信告诉{B}{a}{n}的事，可是没有收到回信。",
            when="mood=sad",
        ),
        line(
            "{A} wrote to {B} about {n} the {a}, and {B} came to visit.",
            "{A}写信告诉{B}{a}{n}的事，{B}就来看望了。",
        ),
    ),
)
