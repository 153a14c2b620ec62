"""Stories of play: a swap, a contest, a guessing game, a concert."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, repeat, say

SWAP = Kind(
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
            line('"I like your {y}. Let us swap!" said {A}.', "{A}说：“我喜欢你的{y}。我们交换吧！”"),
            line('"I like your {x}. Let us swap!" said {B}.', "{B}说：“我喜欢你的{x}。我们交换吧！”"),
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
            1,
            1,
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
        line("{A} gave {B} {x.a}. At the end {A} had {y.a}.", "{A}把{x.a}给了{B}，最后{A}有{y.a}。"),
    ),
)

CONTEST = Kind(
    "contest",
    (
        say(
            line("There was a {x:game} contest {p.at:town}.", "{p.at}有一场{x}比赛。"),
            line(
                "On {d:day}, there was a {x:game} contest {p.at:town}.",
                "{d}，{p.at}有一场{x}比赛。",
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
            1,
            1,
            say(
                line("{A}'s {r:relative} came to watch.", "{A}的{r}来看比赛。"),
                line("{B}'s {r:relative} came to watch.", "{B}的{r}来看比赛。"),
                line("It was a {w:weather} {t:part}.", "那是一个{w}的{t}。"),
            ),
        ),
        say(
            line(
                "{A} was good at {x}, but {B} was better.",
                "{A}的{x}很好，可是{B}更好。",
                let="W=B L=A",
            ),
            line(
                "{B} was good at {x}, but {A} was better.",
                "{B}的{x}很好，可是{A}更好。",
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
                    line("{W} put the {z} {q.at:spot} at home.", "{W}把{z}放在家里的{q.at}。"),
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
    summaries=(
        line("{W} won the {x} contest and got {z.a}.", "{W}赢了{x}比赛，得到了{z.a}。"),
    ),
)

GUESS = Kind(
    "guess",
    (
        say(
            line('"Guess what I have," said {A:person} to {B:person}.', "{A}对{B}说：“猜猜我有什么。”"),
            line(
                '"There is something in my bag. Guess!" said {A:person} to {B:person}.',
                "{A}对{B}说：“我的包里有东西。猜猜看！”",
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
            (1, 3, 2),
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
                    line('"It is {c.a} {x:garment}," said {A}.', "{A}说：“是一{x.measure}{c}的{x}。”"),
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
        line("What did {A} have in the bag?|{x}", "{A}有什么？|{x}"),
        line("What colour was it?|{c}", "它是什么颜色的？|{c}"),
        line("Who had the {x} at the end?|{H}", "最后谁有{x}？|{H}"),
    ),
    summaries=(
        line("{B} could not guess that {A} had {c.a} {x}.", "{B}猜不出{A}有一{x.measure}{c}的{x}。", when="mood=sad"),
        line("{B} guessed that {A} had {c.a} {x}.", "{B}猜出{A}有一{x.measure}{c}的{x}。"),
    ),
)

CONCERT = Kind(
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
            line(
                "They wanted to play at the {e:event} on {d:day}.", "两人想在{d}的{e}上演奏。"
            ),
            line("The {e:event} was on {d:day}, and they wanted to play.", "{e}在{d}，两人想去演奏。"),
        ),
        say(
            line("{A} practised {p.at:spot}.", "{A}在{p.at}练习。"),
            line("{B} practised {p.at:spot}.", "{B}在{p.at}练习。"),
        ),
        maybe(
            1,
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
                    line(
                        "The {x} and the {y} sounded good together.", "{x}和{y}合在一起很好听。"
                    ),
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
                    line("But {A} left the {x} {q.at:spot}.", "可是{A}把{x}忘在了{q.at}。", let="F=A z=x"),
                    line("But {B} left the {y} {q.at:spot}.", "可是{B}把{y}忘在了{q.at}。", let="F=B z=y"),
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
        line("{F} forgot the {z} and could not play at the {e}.", "{F}忘了带{z}，不能在{e}上演奏。", when="mood=sad"),
        line("{A} and {B} played the {x} and the {y} at the {e}.", "{A}和{B}在{e}上演奏了{x}和{y}。"),
    ),
)

ALL = (SWAP, CONTEST, GUESS, CONCERT)
