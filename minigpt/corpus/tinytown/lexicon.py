"""TinyTown's words for people, animals, places and time; `things.py` has what can be carried.

A row is "English|Chinese|measure word", with _ for a blank; the other forms are made from it.
"""

from __future__ import annotations

from minigpt.corpus.tinytown.things import THINGS, fields, nouns
from minigpt.corpus.tinytown.words import BASE, Category, Entry, with_article

GIRLS = """Mia|米娅 Lily|莉莉 Anna|安娜 Ella|艾拉 Zoe|佐伊 Nora|诺拉 Ruby|鲁比 Emma|艾玛
Lucy|露西 Mei|小美"""
BOYS = """Tom|汤姆 Ben|本杰 Sam|山姆 Max|麦克 Leo|里奥 Jack|杰克 Noah|诺亚 Adam|亚当 Finn|芬恩
Jun|小军"""
WOMEN = "mother|妈妈 aunt|姑姑 grandmother|奶奶 sister|姐姐"
MEN = "father|爸爸 uncle|叔叔 grandfather|爷爷 brother|哥哥"
JOBS = """baker|面包师 doctor|医生 farmer|农夫 painter|画家 sailor|水手 pilot|飞行员
teacher|老师 dentist|牙医 nurse|护士 singer|歌手 dancer|舞蹈家 gardener|园丁 builder|建筑工人
tailor|裁缝 cook|厨师 potter|陶艺师 carpenter|木匠 shepherd|牧羊人 clown|小丑 magician|魔术师
writer|作家 vet|兽医 captain|船长 driver|司机"""
PETS = """dog|小狗|只 cat|小猫|只 rabbit|兔子|只 hamster|仓鼠|只 parrot|鹦鹉|只 turtle|乌龟|只
duck|鸭子|只 goat|山羊|只 pony|小马|匹 puppy|狗宝宝|只 kitten|猫宝宝|只 lamb|小羊|只
goose|白鹅|只 hen|母鸡|只 piglet|小猪|只 mouse|小老鼠|只 calf|小牛|头"""
PET_NAMES = """Pip|皮皮 Biscuit|饼干 Coco|可可 Socks|袜袜 Bobo|波波 Fluffy|毛毛 Lucky|来福
Bella|贝拉 Snowy|雪球 Rusty|阿锈 Tiny|丁丁 Shadow|影子 Ginger|姜姜 Pepper|胡椒 Star|星星
Buddy|巴迪 Patch|花花 Waffle|华夫 Noodle|面面 Cookie|曲奇 Mango|芒芒 Bean|豆豆"""
WILD = """fox|狐狸|只 owl|猫头鹰|只 bear|熊|头 hedgehog|刺猬|只 squirrel|松鼠|只 frog|青蛙|只
wolf|狼|只 deer|鹿|只 badger|獾|只 otter|水獭|只 beaver|河狸|只 crow|乌鸦|只 mole|鼹鼠|只
hare|野兔|只 sparrow|麻雀|只 swan|天鹅|只 snail|蜗牛|只 beetle|甲虫|只 elephant|大象|头
lion|狮子|头 tiger|老虎|只 monkey|猴子|只 panda|熊猫|只 zebra|斑马|匹 camel|骆驼|头
giraffe|长颈鹿|头 penguin|企鹅|只 koala|考拉|只 hippo|河马|头 crab|螃蟹|只 moose|驼鹿|头
lynx|猞猁|只 donkey|驴子|头 ant|蚂蚁|只 spider|蜘蛛|只 bat|蝙蝠|只"""
DREAM = """dragon|巨龙|条 unicorn|独角兽|只 giant|巨人|位 fairy|仙女|位 mermaid|美人鱼|位
robot|机器人|个 wizard|巫师|位 knight|骑士|位 pirate|海盗|位 princess|公主|位 king|国王|位
queen|王后|位 ghost|小幽灵|个 snowman|雪人|个 dwarf|小矮人|个 elf|精灵|个"""
TOWN = """library|图书馆 museum|博物馆 school|学校 station|车站 harbour|港口 theatre|剧院
zoo|动物园 castle|城堡 stadium|体育场 bank|银行 hospital|医院 cinema|电影院 market|市场
bridge|大桥 park|公园 square|广场 church|教堂 farm|农场 post_office|邮局 airport|机场
windmill|风车"""
NATURE = """river|by|小河 lake|by|湖 beach|on|沙滩 forest|in|森林 hill|on|小山 meadow|in|草地
valley|in|山谷 pond|by|池塘 island|on|小岛 cave|in|山洞 desert|in|沙漠 mountain|on|高山
swamp|in|沼泽 field|in|田野 cliff|on|悬崖 orchard|in|果园 jungle|in|丛林"""
SPOTS = """bed|under_the_bed|床底下 shelf|on_the_shelf|架子上 drawer|in_the_drawer|抽屉里
door|behind_the_door|门后面 box|in_the_box|盒子里 basket|in_the_basket|篮子里
sofa|under_the_sofa|沙发底下 cupboard|in_the_cupboard|柜子里 table|under_the_table|桌子底下
chest|in_the_chest|箱子里 wardrobe|in_the_wardrobe|衣柜里 window|by_the_window|窗边
fridge|on_the_fridge|冰箱上 curtain|behind_the_curtain|窗帘后面 rug|under_the_rug|地毯底下
bucket|in_the_bucket|水桶里 barrel|in_the_barrel|木桶里 bench|under_the_bench|长椅底下
suitcase|in_the_suitcase|手提箱里 desk|on_the_desk|书桌上 piano|behind_the_piano|钢琴后面
pillow|under_the_pillow|枕头底下 stairs|under_the_stairs|楼梯底下 stove|by_the_stove|炉子旁
chair|on_the_chair|椅子上 cradle|in_the_cradle|摇篮里 attic|in_the_attic|阁楼里
cellar|in_the_cellar|地窖里 garage|in_the_garage|车库里 shed|in_the_shed|棚屋里
kitchen|in_the_kitchen|厨房里 garden|in_the_garden|花园里 hall|in_the_hall|走廊里
bathroom|in_the_bathroom|浴室里 tent|in_the_tent|帐篷里 balcony|on_the_balcony|阳台上
tree|in_the_tree|树上 fireplace|by_the_fireplace|壁炉旁 ladder|behind_the_ladder|梯子后面
roof|on_the_roof|屋顶上"""
VILLAGES = """Windmere|风湖镇 Oakford|橡树镇 Greenhill|青山镇 Sunport|阳光港 Applewick|苹果村
Silverbay|银湾 Foxdale|狐谷 Riverton|河畔镇 Pinewood|松林镇 Snowfield|雪原村 Honeybrook|蜜溪村
Redcliff|红崖镇 Moonhaven|月亮港 Starbridge|星桥镇 Maplewood|枫林镇 Goosegate|鹅门村"""
DAYS = """Monday|星期一 Tuesday|星期二 Wednesday|星期三 Thursday|星期四 Friday|星期五
Saturday|星期六 Sunday|星期天"""
COLOURS = """red|红色 blue|蓝色 green|绿色 yellow|黄色 purple|紫色 orange|橙色 pink|粉色
brown|棕色 white|白色 black|黑色 grey|灰色 golden|金色 silver|银色"""
FEW = "two|两 three|三 four|四 five|五 six|六 seven|七 eight|八"
MANY = "nine|九 ten|十 eleven|十一 twelve|十二 fifteen|十五 twenty|二十 thirty|三十"
PESTS = [
    "hedgehog",
    "squirrel",
    "deer",
    "badger",
    "crow",
    "mole",
    "hare",
    "sparrow",
    "snail",
    "beetle",
    "ant",
]
ROOMS = [
    "attic",
    "cellar",
    "garage",
    "shed",
    "kitchen",
    "garden",
    "hall",
    "bathroom",
    "tent",
    "balcony",
]
GAMES = """running|跑步 swimming|游泳 cycling|自行车 skating|滑冰 rowing|划船 skiing|滑雪
jumping|跳远 climbing|攀岩 chess|象棋 tennis|网球 golf|高尔夫 drawing|绘画 spelling|拼写
singing|唱歌 dancing|跳舞 baking|烘焙 knitting|编织 fishing|钓鱼 reading|朗读 diving|跳水
cooking|烹饪 painting|油画 surfing|冲浪"""
EVENTS = """party|聚会 fair|集市 wedding|婚礼 concert|音乐会 festival|庆典 parade|大游行
picnic|野餐会 contest|才艺赛"""
SPRING = "March|三月 April|四月 May|五月 June|六月"
AUTUMN = "August|八月 September|九月 October|十月"
WINTER = "January|一月 February|二月 November|十一月 December|十二月"
JULY = "July|七月"
WEATHER = """sunny|晴朗 rainy|下雨 windy|刮风 snowy|下雪 foggy|有雾 cloudy|多云 stormy|有暴风雨
frosty|结霜 warm|温暖 cold|寒冷 hot|炎热 chilly|清冷 bright|明亮 dark|昏暗 mild|暖和"""
PARTS = "morning|早上 afternoon|下午 evening|傍晚 day|日子"
GLAD = """happy|开心 glad|高兴 cheerful|快活 delighted|欣喜 merry|快乐 joyful|喜悦 pleased|满意
thrilled|激动 content|满足 lucky|幸运 jolly|愉快 wonderful|幸福"""
SAD = """sad|难过 upset|伤心 gloomy|郁闷 unhappy|不开心 disappointed|失望 glum|沮丧 tearful|想哭
bad|不好受 awful|难受 miserable|悲伤"""
VEHICLES = """train|火车 ship|轮船 plane|飞机 bus|公共汽车 van|面包车 taxi|出租车 boat|小船
balloon|热气球 ferry|渡船 tram|电车 wagon|马车"""
AT_ZH = {"in": "里", "on": "上", "by": "边"}


def people(rows: str, she: bool, sort: str) -> list[Entry]:
    """Names, or words for relatives, with their pronouns."""
    subject, object_, possessive = ("she", "her", "her") if she else ("he", "him", "his")
    en = {"he": subject, "him": object_, "his": possessive}
    chinese_pronoun = "她" if she else "他"
    zh = {"he": chinese_pronoun, "him": chinese_pronoun, "his": chinese_pronoun + "的"}
    return [
        Entry(sort, "person", {BASE: name, **en}, {BASE: chinese, **zh})
        for name, chinese in fields(rows)
    ]


def plain(rows: str, sort: str, type_: str = "") -> list[Entry]:
    """Words with one form, such as days; English nouns also get their article."""
    return [
        Entry(sort, type_, {BASE: en, "a": with_article(en)}, {BASE: zh}) for en, zh in fields(rows)
    ]


def towns() -> tuple[list[Entry], list[Entry]]:
    """Places of the town and places outside, with `at`: at the library, in the forest."""
    town = [
        Entry("town", "place", {BASE: en, "at": f"at the {en}"}, {BASE: zh, "at": zh})
        for en, zh in fields(TOWN)
    ]
    return town, [
        Entry(
            "nature", "place", {BASE: en, "at": f"{at} the {en}"}, {BASE: zh, "at": zh + AT_ZH[at]}
        )
        for en, at, zh in fields(NATURE)
    ]


def spots() -> list[Entry]:
    """Where a thing can be put: `at` is "under the bed"."""
    return [
        Entry("spot", "place", {BASE: en, "at": at}, {BASE: zh, "at": zh})
        for en, at, zh in fields(SPOTS)
    ]


def _world() -> dict[str, list[Entry]]:
    town, nature = towns()
    return {
        "person": people(GIRLS, True, "person") + people(BOYS, False, "person"),
        "relative": people(WOMEN, True, "relative") + people(MEN, False, "relative"),
        "job": plain(JOBS, "job", "person"),
        "pet": nouns("pet", "animal", PETS),
        "petname": plain(PET_NAMES, "pet name", "animal"),
        "wild": nouns("wild animal", "animal", WILD),
        "dream": nouns("dream being", "animal", DREAM),
        "town": town,
        "nature": nature,
        "spot": spots(),
        "village": plain(VILLAGES, "village", "place"),
        "day": plain(DAYS, "day", "time"),
        "spring": plain(SPRING, "month", "time"),
        "autumn": plain(AUTUMN, "month", "time"),
        "winter": plain(WINTER, "month", "time"),
        "part": plain(PARTS, "time of day", "time"),
        "weather": plain(WEATHER, "weather", "quality"),
        "colour": plain(COLOURS, "colour", "quality"),
        "few": plain(FEW, "number", "quality"),
        "many": plain(MANY, "number", "quality"),
        "glad": plain(GLAD, "feeling", "feeling"),
        "sad": plain(SAD, "feeling", "feeling"),
        "game": plain(GAMES, "game", "activity"),
        "event": plain(EVENTS, "event", "event"),
        "vehicle": plain(VEHICLES, "vehicle", "thing"),
        **THINGS,
    }


def _categories() -> dict[str, Category]:
    """Every category, including those that are parts and unions of others."""
    world = _world()
    world["number"] = world["few"] + world["many"]
    july = plain(JULY, "month", "time")
    world["month"] = world["winter"] + world["spring"] + july + world["autumn"]
    world["pest"] = [entry for entry in world["wild"] if entry.name in PESTS]
    world["room"] = [entry for entry in world["spot"] if entry.name in ROOMS]
    return {name: Category(name, entries) for name, entries in world.items()}


CATEGORIES = _categories()
