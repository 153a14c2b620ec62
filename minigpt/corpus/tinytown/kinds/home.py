"""Stories at home: something is lost, hidden, given or baked."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, repeat, say

LOST = Kind(
    "lost",
    (
        say(
            line(
                "One {w:weather} {t:part}, {A:person} could not find {A.his} {x:belonging}.",
                "一个{w}的{t}，{A}找不到{A.his}{x}了。",
            ),
            line("On {t:day}, {A:person} lost {A.his} {x:belonging}.", "{t}，{A}弄丢了{A.his}{x}。"),
        ),
        maybe(
            1, 1, say(line("It was {c:colour}, and {A.he} loved it.", "那是{c}的，{A.he}很喜欢它。"))
        ),
        say(
            line(
                '"Have you seen my {x}?" {A.he} asked {B:person}.',
                "{A.he}问{B}：“你看见我的{x}了吗？”",
            ),
            line(
                '"Please help me find my {x}," {A.he} said to {B:person}.',
                "{A.he}对{B}说：“请帮我找找我的{x}。”",
            ),
        ),
        repeat(
            (1, 3, 3, 1),
            say(
                line(
                    "{A} looked {p.at:spot}, but the {x} was not there.",
                    "{A}在{p.at}找了找，可是{x}不在那里。",
                ),
                line("{B} looked {p.at:spot} and found nothing.", "{B}在{p.at}找了找，什么也没找到。"),
            ),
        ),
        fork(
            (
                3,
                say(
                    line(
                        "Then {A} looked {p.at:spot}, and there was the {x}!",
                        "后来{A}在{p.at}找了找，{x}就在那里！",
                        let="F=A",
                    ),
                    line(
                        "Then {B} looked {p.at:spot}, and there was the {x}!",
                        "后来{B}在{p.at}找了找，{x}就在那里！",
                        let="F=B",
                    ),
                ),
                say(
                    line('"I found it!" said {F}.', "{F}说：“我找到了！”"),
                    line('"Look, it was {p.at}!" said {F}.', "{F}说：“看，它在{p.at}！”"),
                ),
                say(
                    line("{A} felt {g:glad}.", "{A}觉得很{g}。", let="mood=glad"),
                    line(
                        "{A} held the {x} and felt {g:glad}.",
                        "{A}拿着{x}，觉得很{g}。",
                        let="mood=glad",
                    ),
                ),
            ),
            (
                1,
                say(line("They never found the {x}.", "两人一直没有找到{x}。")),
                say(
                    line(
                        "{A} felt {g:sad}, and {B} gave {A.him} a hug.",
                        "{A}觉得很{g}，{B}抱了抱{A.him}。",
                        let="mood=sad",
                    )
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("What did {A} lose?|{x}", "{A}弄丢了什么？|{x}"),
        line("Who helped {A}?|{B}", "谁帮了{A}？|{B}"),
        line("Who found the {x}?|{F}", "谁找到了{x}？|{F}", when="mood=glad"),
        line("Where was the {x}?|{p.at}", "{x}在哪里？|{p.at}", when="mood=glad"),
    ),
    summaries=(
        line(
            "{A} lost {A.his} {x}. {F} found it {p.at}.",
            "{A}弄丢了{x}，{F}在{p.at}找到了它。",
            when="mood=glad",
        ),
        line("{A} lost {A.his} {x}. Nobody found it.", "{A}弄丢了{x}，谁也没有找到它。"),
    ),
)

HIDE = Kind(
    "hide",
    (
        say(
            line(
                "{A:person} and {B:person} were playing with {x.a:toy}.",
                "{A}和{B}在玩{x.a}。",
            ),
            line(
                "{A:person} had {x.a:toy} and showed it to {B:person}.",
                "{A}有{x.a}，拿给{B}看。",
            ),
        ),
        say(
            line("{A} put the {x} {p.at:spot} and went out.", "{A}把{x}放在{p.at}，就出去了。"),
            line(
                "{A} left the {x} {p.at:spot} and went to eat {s.a:snack}.",
                "{A}把{x}留在{p.at}，去吃{s.a}了。",
            ),
        ),
        say(
            line(
                "While {A} was away, {B} moved the {x} and hid it {q.at:spot}.",
                "{A}不在的时候，{B}把{x}藏在了{q.at}。",
            ),
            line(
                "{B} wanted to play a joke and hid the {x} {q.at:spot}.",
                "{B}想开个玩笑，把{x}藏在了{q.at}。",
            ),
        ),
        repeat(
            (3, 2, 1),
            say(
                line(
                    "Then {B} took it again and put it {q.at:spot}.",
                    "后来{B}又把它拿出来，放在{q.at}。",
                )
            ),
        ),
        say(
            line("Soon {A} came back.", "不久，{A}回来了。"),
            line("After a while {A} came home.", "过了一会儿，{A}回家了。"),
        ),
        say(
            line(
                "{A.He} looked {p.at}, but the {x} was not there.",
                "{A.he}在{p.at}找了找，可是{x}不在那里。",
            )
        ),
        fork(
            (
                3,
                say(
                    line('"Look {q.at}!" said {B}.', "{B}说：“看看{q.at}！”"),
                    line(
                        "{B} laughed and said that it was {q.at}.", "{B}笑着说，它在{q.at}。"
                    ),
                ),
                say(
                    line("{A} found the {x} and felt {g:glad}.", "{A}找到了{x}，觉得很{g}。"),
                    line(
                        "{A} found the {x}, and they both laughed.", "{A}找到了{x}，两人都笑了。"
                    ),
                ),
                say(
                    line("They played until the evening.", "两人一直玩到晚上。", let="mood=glad"),
                    line(
                        "It was a good joke, and they played again.",
                        "这个玩笑真有趣，两人又玩了起来。",
                        let="mood=glad",
                    ),
                ),
            ),
            (
                2,
                say(
                    line("{A} felt {g:sad} and began to cry.", "{A}觉得很{g}，哭了起来。"),
                    line(
                        '"Where is my {x}?" {A.he} asked, and felt {g:sad}.',
                        "{A.he}觉得很{g}，问：“我的{x}在哪里？”",
                    ),
                ),
                say(
                    line(
                        '"Sorry, it is {q.at}," said {B}.',
                        "{B}说：“对不起，它在{q.at}。”",
                        let="mood=sad",
                    )
                ),
                say(line("{A} took the {x} and went away.", "{A}拿起{x}走了。")),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Where did {A} look for the {x}?|{p.at}", "{A}在哪里找{x}？|{p.at}"),
        line("Where was the {x} when {A} came back?|{q.at}", "{A}回来时{x}在哪里？|{q.at}"),
        line("Who hid the {x}?|{B}", "谁藏了{x}？|{B}"),
    ),
    summaries=(
        line("{B} hid {A}'s {x} {q.at}.", "{B}把{A}的{x}藏在了{q.at}。"),
    ),
)

GIFT = Kind(
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
            1,
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
                    line(
                        "{A} ran to {A.his} {r:relative} with the {x}.", "{A}拿着{x}跑去找{r}。"
                    ),
                ),
                say(
                    line('"Who gave you the {x}?" asked {A.his} {r}.', "{r}问：“这{x.measure}{x}是谁送的？”")
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
    summaries=(line("{B} gave {A} {x.a} for {A.his} birthday.", "{A}生日那天，{B}送给{A.him}{x.a}。"),),
)

BAKE = Kind(
    "bake",
    (
        fork(
            (
                2,
                say(
                    line("{A:person} and {B:person} wanted to make {x.a:cake}.", "{A}和{B}想做{x.a}。"),
                    line(
                        "One {w:weather} {t:part}, {A:person} and {B:person} made {x.a:cake}.",
                        "一个{w}的{t}，{A}和{B}做了{x.a}。",
                    ),
                ),
                say(
                    line(
                        "{A} brought the {i:sweet}, and {B} brought the {j:sweet}.",
                        "{A}带来了{i}，{B}带来了{j}。",
                    ),
                    line(
                        "{A} had some {i:sweet}, and {B} had some {j:sweet}.",
                        "{A}有一些{i}，{B}有一些{j}。",
                    ),
                ),
            ),
            (
                1,
                say(
                    line("{A:person} and {B:person} wanted to make {x.a:dish}.", "{A}和{B}想做{x.a}。"),
                    line(
                        "One {w:weather} {t:part}, {A:person} and {B:person} made {x.a:dish}.",
                        "一个{w}的{t}，{A}和{B}做了{x.a}。",
                    ),
                ),
                say(
                    line(
                        "{A} brought the {i:savoury}, and {B} brought the {j:savoury}.",
                        "{A}带来了{i}，{B}带来了{j}。",
                    ),
                    line(
                        "{A} had some {i:savoury}, and {B} had some {j:savoury}.",
                        "{A}有一些{i}，{B}有一些{j}。",
                    ),
                ),
            ),
        ),
        say(
            line("First {A} put the {i} into the bowl.", "{A}先把{i}放进碗里。"),
            line("{A} stirred the {i} with a spoon.", "{A}用勺子搅了搅{i}。"),
        ),
        say(
            line("Then {B} added the {j}.", "然后{B}加了{j}。"),
            line("{B} added the {j} and tasted it.", "{B}加了{j}，又尝了尝。"),
        ),
        fork(
            (
                3,
                say(
                    line("Soon the {x} was ready.", "不久，{x}做好了。"),
                    line("The {x} smelled of {i}.", "{x}闻起来有{i}的香味。"),
                ),
                say(
                    line(
                        "They gave some of it to the {k:job} next door.",
                        "两人分了一些给隔壁的{k}。",
                    ),
                    line("They shared it with {C:person}.", "两人和{C}一起吃。"),
                ),
                say(
                    line(
                        '"This is a very good {x}!" said {A}, and felt {g:glad}.',
                        "{A}说：“这{x.measure}{x}真好吃！”{A.he}觉得很{g}。",
                        let="mood=glad",
                    )
                ),
            ),
            (
                2,
                say(
                    line("But {A} dropped the {x} on the floor.", "可是{A}把{x}掉在了地上。", let="F=A"),
                    line("But {B} dropped the {x} on the floor.", "可是{B}把{x}掉在了地上。", let="F=B"),
                ),
                say(line('"Oh no, our {x}!" they cried.', "两人叫道：“哎呀，我们的{x}！”")),
                say(
                    line(
                        "{F} said sorry and felt {g:sad}.",
                        "{F}说了对不起，觉得很{g}。",
                        let="mood=sad",
                    )
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("What did {A} bring?|{i}", "{A}带来了什么？|{i}"),
        line("Who added the {j}?|{B}", "谁加了{j}？|{B}"),
        line("Who dropped the {x}?|{F}", "谁把{x}掉在了地上？|{F}", when="mood=sad"),
    ),
    summaries=(
        line("{A} and {B} made {x.a}, but {F} dropped it.", "{A}和{B}做了{x.a}，可是{F}把它掉在了地上。",
             when="mood=sad"),
        line("{A} and {B} made {x.a} with {i} and {j}.", "{A}和{B}用{i}和{j}做了{x.a}。"),
    ),
)

ALL = (LOST, HIDE, GIFT, BAKE)
