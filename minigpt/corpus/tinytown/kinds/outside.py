"""Stories of the wide world: a trip, a dream, a fable, a garden."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, repeat, say

TRIP = Kind(
    "trip",
    (
        say(
            line(
                "{A:person} and {B:person} wanted to go to the {p:nature}.",
                "{A}和{B}想去{p}。",
            ),
            line(
                "On {d:day}, {A:person} and {B:person} went to the {p:nature} by {h:vehicle}.",
                "{d}，{A}和{B}坐{h}去{p}。",
            ),
        ),
        say(
            line(
                "{A} packed {x.a:snack}, and {B} packed {y.a:snack}.",
                "{A}带了{x.a}，{B}带了{y.a}。",
            ),
            line(
                "{A} carried {x.a:snack}, and {B} carried {y.a:snack}.",
                "{A}拿着{x.a}，{B}拿着{y.a}。",
            ),
        ),
        maybe(
            1,
            1,
            say(
                line("{A} wore {c.a:colour} {u:garment}.", "{A}带着一{u.measure}{c}的{u}。"),
                line("{B} wore {c.a:colour} {u:garment}.", "{B}带着一{u.measure}{c}的{u}。"),
            ),
        ),
        maybe(
            1,
            1,
            say(
                line("On the way they saw {a.a:wild}.", "路上，两人看见了{a.a}。"),
                line("Near the {p} they saw {a.a:wild}.", "在{p}附近，两人看见了{a.a}。"),
            ),
            say(
                line('"Look at the {a}!" said {A}.', "{A}说：“看那{a.measure}{a}！”"),
                line('"Look at the {a}!" said {B}.', "{B}说：“看那{a.measure}{a}！”"),
            ),
        ),
        fork(
            (
                3,
                say(
                    line("Soon they were {p.at}.", "不久，两人到了{p.at}。"),
                    line("They sat down {p.at}.", "两人在{p.at}坐下。"),
                ),
                say(
                    line("{A} gave {B} the {x}.", "{A}把{x}给了{B}。"),
                    line("{B} was hungry, so {A} gave {B.him} the {x}.", "{B}饿了，{A}把{x}给了{B.him}。"),
                ),
                say(
                    line("{B} gave {A} the {y}.", "{B}把{y}给了{A}。"),
                    line("So {A} ate the {y}.", "于是{A}吃了{y}。"),
                ),
                say(
                    line("{A} felt {g:glad}.", "{A}觉得很{g}。", let="mood=glad"),
                    line("{B} felt {g:glad}.", "{B}觉得很{g}。", let="mood=glad"),
                ),
            ),
            (
                2,
                say(
                    line("But it began to rain, and they went home.", "可是下起了雨，两人只好回家。"),
                    line("But there was a storm, and they went home.", "可是来了暴风雨，两人只好回家。"),
                ),
                say(
                    line("{A} ate the {x} {q.at:spot}.", "{A}在{q.at}吃了{x}。"),
                    line("{B} ate the {y} {q.at:spot}.", "{B}在{q.at}吃了{y}。"),
                ),
                say(
                    line(
                        '"I wanted to see the {p}," said {B}, and felt {g:sad}.',
                        "{B}说：“我想看{p}。”{B.he}觉得很{g}。",
                        let="mood=sad",
                    )
                ),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Where did {A} and {B} want to go?|{p}", "{A}和{B}想去哪里？|{p}"),
        line("Who brought the {y}?|{B}", "谁带了{y}？|{B}"),
        line("Who got the {x}?|{B}", "{x}给了谁？|{B}", when="mood=glad"),
    ),
    summaries=(
        line("{A} and {B} had to go home because of the weather.", "天气不好，{A}和{B}只好回家。", when="mood=sad"),
        line("{A} and {B} went to the {p} and shared their food.", "{A}和{B}去了{p}，分享了吃的。"),
    ),
)

DREAM = Kind(
    "dream",
    (
        say(
            line(
                "One night {A:person} dreamed of {a.a:dream} {p.at:nature}.",
                "一天夜里，{A}梦见{p.at}有{a.a}。",
            ),
            line(
                "In a dream, {A:person} met {a.a:dream} {p.at:nature}.",
                "在梦里，{A}在{p.at}遇见了{a.a}。",
            ),
        ),
        say(
            line(
                '"I have lost my {c:colour} {x:treasure}," said the {a}.',
                "{a}说：“我那{x.measure}{c}的{x}丢了。”",
            ),
            line(
                '"Bring me my {c:colour} {x:treasure}," said the {a}.',
                "{a}说：“把我那{x.measure}{c}的{x}拿来。”",
            ),
        ),
        repeat(
            (1, 2, 1),
            say(
                line("{A} looked {q.at:nature}, but it was not there.", "{A}在{q.at}找了找，可是它不在那里。"),
                line("They looked {q.at:town}, but it was not there.", "两人又在{q.at}找，可是它不在那里。"),
            ),
        ),
        fork(
            (
                3,
                say(
                    line("{A} found the {x} {q.at:nature}.", "{A}在{q.at}找到了{x}。"),
                    line("At last {A} saw the {x} {q.at:nature}.", "最后，{A}看见{x}在{q.at}。"),
                ),
                say(
                    line("The {a} took the {c} {x} and thanked {A}.", "{a}拿了{c}的{x}，谢了{A}。"),
                    line('"You found my {x}!" said the {a}.', "{a}说：“你找到了我的{x}！”"),
                ),
                say(line("Then {A} woke up.", "然后{A}醒了。")),
                say(
                    line(
                        "{A} told {B:person} about the {a} and felt {g:glad}.",
                        "{A}把{a}的事告诉了{B}，觉得很{g}。",
                        let="mood=glad",
                    )
                ),
            ),
            (
                2,
                say(
                    line("Then {A} woke up without the {x}.", "然后{A}醒了，没有找到{x}。"),
                ),
                say(
                    line('"The poor {a}!" said {A} to {B:person}.', "{A}对{B}说：“可怜的{a}！”"),
                    line("{A} told {B:person} about the {a}.", "{A}把{a}的事告诉了{B}。"),
                ),
                say(line("{A} felt {g:sad}.", "{A}觉得很{g}。", let="mood=sad")),
            ),
        ),
    ),
    CATEGORIES,
    questions=(
        line("Who lost the {x}?|{a}", "谁丢了{x}？|{a}"),
        line("What colour was the {x}?|{c}", "{x}是什么颜色的？|{c}"),
        line("Who heard about the dream?|{B}", "谁听说了这个梦？|{B}"),
        line("Where was the {x}?|{q.at}", "{x}在哪里？|{q.at}", when="mood=glad"),
    ),
    summaries=(
        line("{A} dreamed of {a.a} and did not find the {x}.", "{A}梦见了{a.a}，没有找到{x}。", when="mood=sad"),
        line("{A} dreamed of {a.a} and found the {x}.", "{A}梦见了{a.a}，找到了{x}。"),
    ),
)

FABLE = Kind(
    "fable",
    (
        say(
            line(
                "Once {a.a:wild} lived {p.at:nature} and had {n:number} {f.pl:fruit}.",
                "从前，{p.at}住着{a.a}，它有{n}{f.measure}{f}。",
            ),
            line(
                "Once {a.a:wild} found {n:number} {f.pl:fruit} {p.at:nature}.",
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
                    line("The {a} gave the {b} {m:number} {f.pl}.", "{a}给了{b}{m}{f.measure}{f}。"),
                    line('"Yes, take some," said the {a}.', "{a}说：“好，拿一些吧。”"),
                ),
                maybe(1, 1, say(line("They ate the {f.pl} together.", "它们一起吃了{f}。"))),
                say(
                    line("In {m:winter} the {a} was ill.", "{m}，{a}病了。"),
                    line("In {m:winter} the {a} had no food.", "{m}，{a}没有吃的了。"),
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
                    line("The {b} slept without food {q.at:nature}.", "{b}没有吃东西，睡在{q.at}。"),
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
        line("The {a} shared with the {b}, and the {b} helped later.", "{a}和{b}分享，后来{b}帮了它。"),
    ),
)

GARDEN = Kind(
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
            line("{A} used {x.a:tool}, and {B} used {y.a:tool}.", "{A}用{x}，{B}用{y}。"),
            line(
                "{A} had {x.a:tool}, and {B} had {y.a:tool}.", "{A}有{x.a}，{B}有{y.a}。"
            ),
        ),
        maybe(
            1,
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
                    line("In {o:autumn} there were {n:number} {v.pl}.", "到了{o}，有了{n}{v.measure}{v}。"),
                    line("In {o:autumn} {A} had {n:number} {v.pl}.", "到了{o}，{A}有了{n}{v.measure}{v}。"),
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
                    line("But {a.a:wild} came and ate the {v.pl}.", "可是{a.a}来了，吃掉了{v}。", let="F=A"),
                    line("But {a.a:wild} came and ate the {u.pl}.", "可是{a.a}来了，吃掉了{u}。", let="F=B"),
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
        line("Who got something from the garden?|{k}", "谁得到了花园里的东西？|{k}", when="mood=glad"),
    ),
    summaries=(
        line("{A} and {B} planted a garden, but {a.a} came and ate.", "{A}和{B}种了花园，可是{a.a}来吃掉了。",
             when="mood=sad"),
        line("{A} planted {v.pl}, and {B} planted {u.pl}.", "{A}种了{v}，{B}种了{u}。"),
    ),
)

ALL = (TRIP, DREAM, FABLE, GARDEN)
