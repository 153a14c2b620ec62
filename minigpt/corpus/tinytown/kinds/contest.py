"""Two people want a prize; the better one wins it."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, say

KIND = Kind(
    "contest",
    (
        say(
            line("There was {x.a:game} contest in {p:village}.", "{p}有一场{x}比赛。"),
            line(
                "On {d:day}, there was {x.a:game} contest in {p:village}.",
                "{d}，{p}有一场{x}比赛。",
            ),
        ),
        say(
            line("{A:person} and {B:person} took part.", "{A}和{B}参加了。"),
            line("{A:person} and {B:person} wanted to win.", "{A}和{B}都想赢。"),
        ),
        say(
            line(
                "The prize was {c.a:colour} {z:treasure}.",
                "奖品是一{z.measure}{c}的{z}。",
            ),
            line(
                "The {k:job} showed them the prize, {c.a:colour} {z:treasure}.",
                "{k}给大家看了奖品，是一{z.measure}{c}的{z}。",
            ),
        ),
        maybe(
            2,
            1,
            say(
                line("{A}'s {r:relative} came to watch.", "{A}的{r}来看比赛。"),
                line("{B}'s {r:relative} came to watch.", "{B}的{r}来看比赛。"),
                line("It was {w.a:weather} {t:part}.", "那是一个{w}的{t}。"),
            ),
        ),
        say(
            line(
                "{A} was good at {x}, but {B} was better.",
                "{A}很擅长{x}，可是{B}更厉害。",
                let="W=B L=A",
            ),
            line(
                "{B} was good at {x}, but {A} was better.",
                "{B}很擅长{x}，可是{A}更厉害。",
                let="W=A L=B",
            ),
        ),
        say(
            line("{W} won and got the {c} {z}.", "{W}赢了，得到了{c}的{z}。"),
            line("{W} was first and took the {z}.", "{W}得了第一，拿到了{z}。"),
        ),
        fork(
            (
                3,
                say(
                    line('"Well done, {W}!" said {L}.', "{L}说：“真棒，{W}！”"),
                    line("{L} clapped for {W}.", "{L}为{W}鼓掌。"),
                ),
                say(
                    line("At home {W} put the {z} {q.at:spot}.", "回到家，{W}把{z}放在{q.at}。"),
                    line("{W} let {L} hold the {z}.", "{W}让{L}拿了拿{z}。"),
                ),
                say(line("{W} felt {g:glad}.", "{W}觉得很{g}。", let="mood=glad")),
            ),
            (
                2,
                say(
                    line("{L} walked home alone.", "{L}一个人走回家。"),
                    line('"I wanted the {z}," said {L}.', "{L}说：“我想要那{z.measure}{z}。”"),
                ),
                say(line("{L} felt {g:sad}.", "{L}觉得很{g}。", let="mood=sad")),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Who won the contest?|{W}", "谁赢了比赛？|{W}"),
        line("Who did not win?|{L}", "谁没有赢？|{L}"),
        line("What was the prize?|{z}", "奖品是什么？|{z}"),
    ),
    summaries=(line("{W} won the {x} contest and got {z.a}.", "{W}赢了{x}比赛，得到了{z.a}。"),),
)
