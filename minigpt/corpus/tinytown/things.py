"""TinyTown's things and food: what can be carried, given, lost, moved, baked and eaten.

A row is "English|Chinese|measure word", with _ for a blank; plurals that are not regular come
as a fourth field.
"""

from __future__ import annotations

from minigpt.corpus.tinytown.words import BASE, Entry, plural, with_article

TOYS = """ball|皮球|个 kite|风筝|只 doll|布娃娃|个 drum|小鼓|面 puzzle|拼图|幅 robot|机器人|个
teddy|泰迪熊|只 balloon|气球|个 puppet|木偶|个 whistle|哨子|个 yo-yo|溜溜球|个 marble|弹珠|颗
rocket|火箭模型|个 scooter|滑板车|辆 hoop|呼啦圈|个 sledge|雪橇|架 mask|面具|个
tractor|玩具拖拉机|辆 truck|玩具卡车|辆 train|玩具火车|列 boat|小船|只 top|陀螺|个
magnet|磁铁|块"""
TREASURES = """key|钥匙|把 ring|戒指|枚 coin|硬币|枚 button|纽扣|颗 shell|贝壳|个
feather|羽毛|根 stone|石头|块 necklace|项链|条 watch|手表|块 medal|奖牌|枚 pearl|珍珠|颗
bead|珠子|颗 stamp|邮票|张 badge|徽章|枚 crown|小皇冠|顶 acorn|橡果|颗 postcard|明信片|张
ribbon|丝带|条 bell|铃铛|个 diary|日记本|本 purse|钱包|个 torch|手电筒|支 camera|照相机|架
map|地图|张 lantern|灯笼|盏"""
TOOLS = """hammer|锤子|把 saw|锯子|把 brush|刷子|把 rope|绳子|根 broom|扫帚|把 drill|电钻|把
needle|针|根 paintbrush|画笔|支 pump|打气筒|个 ruler|尺子|把 axe|斧头|把 mop|拖把|把
file|锉刀|把 net|网|张"""
GARDEN_TOOLS = """spade|铲子|把 rake|耙子|把 bucket|水桶|个 wheelbarrow|手推车|辆 hose|水管|根
shovel|铁锹|把 watering_can|洒水壶|个 hoe|锄头|把 basket|篮子|个"""
BROKEN = """fence|篱笆|道 gate|大门|扇 bicycle|自行车|辆 roof|屋顶|个 wall|围墙|面
cart|小推车|辆 toaster|烤面包机|台 clock|时钟|个 lamp|台灯|盏 cage|笼子|个 kennel|狗屋|个
tap|水龙头|个 swing|秋千|架 birdhouse|鸟屋|个 raft|木筏|只 treehouse|树屋|座 hutch|兔笼|个"""
CLOTHES = """scarf|围巾|条|scarves hat|帽子|顶 coat|外套|件 jacket|夹克|件 jumper|毛衣|件
dress|连衣裙|条 shirt|衬衫|件 skirt|裙子|条 cap|鸭舌帽|顶 belt|腰带|条 cape|斗篷|件 tie|领带|条
apron|围裙|条 blanket|毯子|条 backpack|背包|个 umbrella|雨伞|把 helmet|头盔|顶 cushion|靠垫|个"""
INSTRUMENTS = """flute|长笛|支 violin|小提琴|把 guitar|吉他|把 trumpet|小号|把 cello|大提琴|把
banjo|班卓琴|把 tuba|大号|把 recorder|竖笛|支 gong|锣|面 triangle|三角铁|个 lute|鲁特琴|把"""
BOOKS = """book|书|本 pencil|铅笔|支 crayon|蜡笔|支 paintbox|颜料盒|个 notepad|便笺本|本
globe|地球仪|个 comic|漫画|本 magazine|杂志|本 cookbook|菜谱|本 newspaper|报纸|张 poster|海报|张"""
FRUIT = """apple|苹果 pear|梨 peach|桃子 plum|李子 orange|橙子 lemon|柠檬 banana|香蕉|根
mango|芒果 cherry|樱桃|颗 grape|葡萄|颗 melon|甜瓜 fig|无花果 kiwi|猕猴桃 lime|青柠 coconut|椰子
strawberry|草莓|颗 raspberry|树莓|颗 blueberry|蓝莓|颗 date|椰枣|颗 blackberry|黑莓|颗
walnut|核桃|颗 chestnut|栗子|颗 peanut|花生|颗"""
VEGETABLES = """carrot|胡萝卜|根 potato|土豆 tomato|西红柿 onion|洋葱 bean|豆角|根 pumpkin|南瓜
cabbage|卷心菜|棵 pepper|辣椒 leek|韭葱|根 turnip|芜菁 cucumber|黄瓜|根 radish|小萝卜
mushroom|蘑菇 lettuce|生菜|棵 sprout|豆芽|根"""
FLOWERS = """rose|玫瑰|朵 tulip|郁金香|朵 daisy|雏菊|朵 lily|百合|朵 sunflower|向日葵|朵
poppy|虞美人|朵 violet|紫罗兰|朵 bluebell|风铃草|朵 lavender|薰衣草|朵 peony|牡丹|朵
crocus|番红花|朵"""
CAKES = """cake|蛋糕|个 pie|馅饼|个 tart|水果挞|个 loaf|面包|个|loaves pudding|布丁|个
pancake|煎饼|张 muffin|松饼|个 waffle|华夫饼|块 biscuit|饼干|块 scone|司康饼|个 bun|小圆面包|个
roll|蛋糕卷|个"""
DISHES = """pizza|比萨饼|张 omelette|煎蛋卷|个 soup|汤|锅 stew|炖菜|锅 salad|沙拉|盘
curry|咖喱|锅 pasty|肉馅饼|个 dumpling|饺子|个"""
SWEET = """sugar|糖 honey|蜂蜜 butter|黄油 flour|面粉 milk|牛奶 cream|奶油 cinnamon|肉桂
chocolate|巧克力 vanilla|香草 jam|果酱 yoghurt|酸奶 syrup|糖浆 oats|燕麦 cocoa|可可粉"""
SAVOURY = """salt|盐 oil|油 garlic|大蒜 rice|米饭 cheese|奶酪 basil|罗勒 thyme|百里香 ham|火腿
bacon|培根 tofu|豆腐 fish|鱼肉 chicken|鸡肉 corn|玉米 celery|芹菜"""
SNACKS = """sandwich|三明治|个 bread_roll|小餐包|个 sausage|香肠|根 cookie|曲奇|块
lollipop|棒棒糖|根 sweet|糖果|颗 toffee|太妃糖|颗 bagel|百吉饼|个 cupcake|纸杯蛋糕|个
burger|汉堡|个 egg|鸡蛋|个 cracker|苏打饼干|块 jelly|果冻|个"""


def fields(rows: str) -> list[list[str]]:
    """The fields of each row, with blanks for underscores."""
    return [row.replace("_", " ").split("|") for row in rows.split()]


def nouns(sort: str, type_: str, rows: str) -> list[Entry]:
    """Nouns with article and plural in English, and counted by their measure word in Chinese."""
    entries = []
    for en, zh, *rest in fields(rows):
        measure = rest[0] if rest else "个"
        many = rest[1] if len(rest) > 1 else plural(en)
        english = {BASE: en, "a": with_article(en), "pl": many}
        chinese = {BASE: zh, "a": f"一{measure}{zh}", "pl": zh, "measure": measure}
        entries.append(Entry(sort, type_, english, chinese))
    return entries


def stuff(sort: str, rows: str) -> list[Entry]:
    """Food that is not counted: some sugar."""
    return [Entry(sort, "food", {BASE: en}, {BASE: zh}) for en, zh in fields(rows)]


THINGS: dict[str, list[Entry]] = {
    "toy": nouns("toy", "thing", TOYS),
    "treasure": nouns("treasure", "thing", TREASURES),
    "tool": nouns("tool", "thing", TOOLS),
    "gardentool": nouns("tool", "thing", GARDEN_TOOLS),
    "broken": nouns("object", "thing", BROKEN),
    "garment": nouns("garment", "thing", CLOTHES),
    "instrument": nouns("instrument", "thing", INSTRUMENTS),
    "book": nouns("reading and writing", "thing", BOOKS),
    "fruit": nouns("fruit", "food", FRUIT),
    "vegetable": nouns("vegetable", "food", VEGETABLES),
    "flower": nouns("flower", "thing", FLOWERS),
    "cake": nouns("cake", "food", CAKES),
    "dish": nouns("dish", "food", DISHES),
    "sweet": stuff("ingredient", SWEET),
    "savoury": stuff("ingredient", SAVOURY),
    "snack": nouns("snack", "food", SNACKS),
}
THINGS["tool"] += THINGS["gardentool"]
THINGS["present"] = THINGS["toy"] + THINGS["book"] + THINGS["instrument"] + THINGS["garment"]
THINGS["belonging"] = THINGS["toy"] + THINGS["treasure"] + THINGS["garment"] + THINGS["book"]
