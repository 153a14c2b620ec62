"""Stories in town: an errand, a runaway pet, a lent tool, a letter."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, repeat, say

ERRAND = Kind(
    "errand",
    (
        say(
            line(
                "{A:person}'s {r:relative} sent {A.him} to the market.",
                "{A}的{r}让{A.him}去市场。",
            ),
            line(
                "One {w:weather} {t:part}, {A:person}'s {r:relative} sent {A.him} to the market.",
                "一个{w}的{t}，{A}的{r}让{A.him}去市场。",
            ),
        ),
        say(
            line(
                '"Please buy {n:number} {f.pl:fruit} and {m:number} {v.pl:vegetable}," said the {r}.',
                "{r}说：“请买{n}{f.measure}{f}和{m}{v.measure}{v}。”",
            ),
            line(
                '"We need {n:number} {f.pl:fruit} and {m:number} {v.pl:vegetable}," said the {r}.',
                "{r}说：“我们需要{n}{f.measure}{f}和{m}{v.measure}{v}。”",
            ),
        ),
        maybe(
            1,
            1,
            say(
                line("On the way {A} met {B:person}.", "路上，{A}遇见了{B}。"),
                line("Near the market {A} saw {B:person}.", "在市场附近，{A}看见了{B}。"),
            ),
            say(
                line('"I am going to buy {f.pl}," said {A}.', "{A}说：“我要去买{f}。”"),
                line('"I am going to buy {v.pl}," said {A}.', "{A}说：“我要去买{v}。”"),
            ),
            maybe(
                1,
                1,
                say(
                    line(
                        "{B} was on the way to the {p:town}.", "{B}正要去{p}。"
                    )
                ),
            ),
        ),
        say(
            line("At the market {A} bought the {n} {f.pl}.", "在市场上，{A}买了{n}{f.measure}{f}。"),
            line("First {A} bought {n} {f.pl}.", "{A}先买了{n}{f.measure}{f}。"),
        ),
        fork(
            (
                3,
                say(
                    line("Then {A.he} bought {m} {v.pl}.", "然后{A.he}买了{m}{v.measure}{v}。"),
                    line(
                        "{A.He} also found {m} fresh {v.pl}.",
                        "{A.he}还买到了{m}{v.measure}新鲜的{v}。",
                    ),
                ),
                say(
                    line("At home {A} gave it all to the {r}.", "回到家，{A}把东西都交给了{r}。"),
                    line(
                        "{A} carried the basket home to the {r}.", "{A}提着篮子回家交给{r}。"
                    ),
                ),
                say(
                    line(
                        '"The {f.pl} and the {v.pl}, well done!" said the {r}.',
                        "{r}说：“{f}和{v}都有，真棒！”",
                    )
                ),
                say(line("{A} felt {g:glad}.", "{A}觉得很{g}。", let="mood=glad")),
            ),
            (
                2,
                say(
                    line("But {A.he} forgot the {v.pl}.", "可是{A.he}忘了买{v}。"),
                    line("But there were no {v.pl} that day.", "可是那天没有{v}。"),
                ),
                say(
                    line("At home {A} gave the {f.pl} to the {r}.", "回到家，{A}把{f}交给了{r}。"),
                ),
                say(line('"Where are the {v.pl}?" asked the {r}.', "{r}问：“{v}呢？”")),
                say(
                    line(
                        '"I have no {v.pl}," said {A}, and felt {g:sad}.',
                        "{A}说：“没有{v}。”{A.he}觉得很{g}。",
                        let="mood=sad",
                    )
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Who sent {A} to the market?|{r}", "谁让{A}去市场？|{r}"),
        line("How many {f.pl} did {A} buy?|{n}", "{A}买了多少{f}？|{n}"),
        line("What did {A} not bring home?|{v.pl}", "{A}没有带什么回家？|{v}", when="mood=sad"),
    ),
    summaries=(
        line(
            "{A} bought {n} {f.pl} but no {v.pl}.",
            "{A}买了{n}{f.measure}{f}，没有买到{v}。",
            when="mood=sad",
        ),
        line(
            "{A} bought {n} {f.pl} and {m} {v.pl} for the {r}.",
            "{A}替{r}买了{n}{f.measure}{f}和{m}{v.measure}{v}。",
        ),
    ),
)

PET = Kind(
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
            (1, 2, 1),
            say(
                line("{A} looked {p.at:spot}, but {n} was not there.", "{A}在{p.at}找了找，可是{n}不在那里。"),
                line('"{n}, {n}!" called {A}, but nobody came.', "{A}喊道：“{n}，{n}！”可是没有动静。"),
            ),
        ),
        say(
            line('{A.He} asked the {k:job}, "Have you seen my {a}?"', "{A.he}问{k}：“你看见我的{a}了吗？”"),
            line('"Where is my {a}?" {A.he} asked the {k:job}.', "{A.he}问{k}：“我的{a}在哪里？”"),
        ),
        say(
            line('"I saw it {q.at:nature}," said the {k}.', "{k}说：“我看见它在{q.at}。”"),
            line('"I saw it {q.at:town}," said the {k}.', "{k}说：“我看见它在{q.at}。”"),
        ),
        say(
            line("{A} ran to the {q}.", "{A}跑到{q}。"),
            line("So {A} went to the {q} with {s.a:snack}.", "于是{A}带着{s.a}去了{q}。"),
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
                    line("But it was another {a}, not {n}.", "可是那是另一{a.measure}{a}，不是{n}。"),
                    line("But there was no {a} {q.at}.", "可是{q.at}没有{a}。"),
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
        line("{A} looked for {n} the {a} and did not find it.", "{A}找{a}{n}，没有找到。", when="mood=sad"),
        line("{n} the {a} ran away. {A} found it {q.at}.", "{a}{n}跑掉了，{A}在{q.at}找到了它。"),
    ),
)

LEND = Kind(
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
                "{B:person} wanted to clean the {y:broken} and had no {x}.",
                "{B}想清洗{y}，可是没有{x}。",
            ),
        ),
        say(
            line('"May I borrow your {x}?" asked {B}.', "{B}问：“能借一下你的{x}吗？”"),
            line('"Please lend me your {c} {x}," said {B}.', "{B}说：“请借我你那{x.measure}{c}的{x}。”"),
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
            maybe(
                1,
                1,
                say(
                    line("{C} used it for a {z:broken}.", "{C}用它修{z}。"),
                )
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
                    line("{H} brought the {x} to {A} and said thank you.", "{H}把{x}还给{A}，说了谢谢。"),
                ),
                say(
                    line("{A} put the {x} {p.at:spot} and felt {g:glad}.", "{A}把{x}放在{p.at}，觉得很{g}。",
                         let="mood=glad"),
                ),
            ),
            (
                2,
                say(
                    line('"But I broke your {x}," {H} said.', "{H}又说：“可是我把你的{x}弄坏了。”"),
                    line('"But the {c} {x} is broken," {H} said.', "{H}又说：“可是那{x.measure}{c}的{x}坏了。”"),
                ),
                say(
                    line("{A} looked at the {x} and felt {g:sad}.", "{A}看着{x}，觉得很{g}。", let="mood=sad"),
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
        line("{A} lent the {x} to {B}, and it came back broken.", "{A}把{x}借给{B}，还回来时坏了。", when="mood=sad"),
        line("{A} lent the {x} to {B}, and {H} gave it back.", "{A}把{x}借给{B}，{H}把它还了回来。"),
    ),
)

LETTER = Kind(
    "letter",
    (
        say(
            line(
                "{A:person} wrote a letter to {B:person} in {v:village}.",
                "{A}给住在{v}的{B}写了一封信。",
            ),
            line(
                "In {m:winter}, {A:person} wrote a letter to {B:person} in {v:village}.",
                "{m}，{A}给住在{v}的{B}写了一封信。",
            ),
        ),
        say(
            line(
                '"I have {a.a:pet} now," {A.he} wrote.',
                "{A.he}写道：“我现在有{a.a}。”",
            ),
            line(
                '"My {r:relative} gave me {a.a:pet}," {A.he} wrote.',
                "{A.he}写道：“{r}送给我{a.a}。”",
            ),
        ),
        say(
            line('"Its name is {n:petname}, and it likes {s.pl:snack}."', "“它叫{n}，喜欢吃{s}。”"),
            line('"I call it {n:petname}. It likes {s.pl:fruit}."', "“我叫它{n}。它喜欢吃{s}。”"),
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
                    line('"I want to meet your {a}," {B.he} wrote back.', "{B.he}回信说：“我想见见你的{a}。”"),
                ),
                say(
                    line("On {d:day}, {B} came to {A} with {s.pl}.", "{d}，{B}带着{s}来看{A}。"),
                    line("Soon {B} came to {A} by {k:vehicle} with {s.pl}.", "不久，{B}带着{s}坐{k}来看{A}。"),
                ),
                say(
                    line("{n} ate them all, and {A} felt {g:glad}.", "{n}全都吃了，{A}觉得很{g}。", let="mood=glad"),
                ),
            ),
            (
                2,
                say(
                    line('"I would like {a.a} too," {B.he} wrote back.', "{B.he}回信说：“我也想要{a.a}。”"),
                ),
                say(
                    line("But the answer got lost and never came to {A}.", "可是回信丢了，{A}没有收到。"),
                ),
                say(
                    line(
                        "{A} waited with {n} for {q:number} days and felt {g:sad}.",
                        "{A}和{n}等了{q}天，觉得很{g}。",
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
        line("{A} wrote to {B} about {n} the {a}, but no answer came.", "{A}写信告诉{B}{a}{n}的事，可是没有收到回信。",
             when="mood=sad"),
        line("{A} wrote to {B} about {n} the {a}, and {B} came to visit.", "{A}写信告诉{B}{a}{n}的事，{B}就来看望了。"),
    ),
)

ALL = (ERRAND, PET, LEND, LETTER)
