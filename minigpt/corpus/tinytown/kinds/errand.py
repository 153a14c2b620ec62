"""A relative sends somebody to the market for so many of this and so many of that."""

from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.script import Kind, fork, line, maybe, say

KIND = Kind(
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
                '"Please buy {n:number} {f.pl:fruit} and {m:number} {v.pl:vegetable}," '
                "said {A.his} {r}.",
                "{r}说：“请买{n}{f.measure}{f}和{m}{v.measure}{v}。”",
            ),
            line(
                '"We need {n:number} {f.pl:fruit} and {m:number} {v.pl:vegetable}," '
                "said {A.his} {r}.",
                "{r}说：“我们需要{n}{f.measure}{f}和{m}{v.measure}{v}。”",
            ),
        ),
        maybe(
            2,
            1,
            say(
                line("On the way {A} met {B:person}.", "路上，{A}遇见了{B}。"),
                line("Near the {p:town} {A} met {B:person}.", "在{p}附近，{A}遇见了{B}。"),
            ),
            say(
                line('"I must buy {f.pl}," said {A}.', "{A}说：“我要去买{f}。”"),
                line('"I must buy {v.pl}," said {A}.', "{A}说：“我要去买{v}。”"),
            ),
        ),
        say(
            line("{A} bought the {n} {f.pl}.", "{A}买了那{n}{f.measure}{f}。"),
            line("First {A} bought {n} {f.pl}.", "{A}先买了{n}{f.measure}{f}。"),
        ),
        fork(
            (
                3,
                say(
                    line("Then {A.he} bought {m} {v.pl}.", "然后{A.he}买了{m}{v.measure}{v}。"),
                    line("{A.He} also found {m} {v.pl}.", "{A.he}还买到了{m}{v.measure}{v}。"),
                ),
                say(
                    line(
                        "{A} gave the {f.pl} and the {v.pl} to {A.his} {r}.",
                        "{A}把{f}和{v}都交给了{r}。",
                    ),
                    line('"Thank you, {A}!" said {A.his} {r}.', "{r}说：“谢谢你，{A}！”"),
                ),
                say(line("{A} felt {g:glad}.", "{A}觉得很{g}。", let="mood=glad")),
            ),
            (
                2,
                say(
                    line("But {A.he} forgot the {v.pl}.", "可是{A.he}忘了买{v}。"),
                    line("But there were no {v.pl}.", "可是没有{v}了。"),
                ),
                say(line('"Where are the {v.pl}?" asked {A.his} {r}.', "{r}问：“{v}呢？”")),
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
            "{A} bought {n} {f.pl} and {m} {v.pl} for {A.his} {r}.",
            "{A}替{r}买了{n}{f.measure}{f}和{m}{v.measure}{v}。",
        ),
    ),
)
