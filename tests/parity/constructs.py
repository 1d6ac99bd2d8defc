"""The table of constructs: small templates that Jinja2 and the phone must render alike, byte for byte."""

from __future__ import annotations

from typing import Any

DOORS = [
    {"id": "d1", "label": "301", "floor": 3, "name": "王<芳>", "tags": ["living_alone"], "people": 2},
    {"id": "d2", "label": "3A", "floor": 3, "name": None, "tags": [], "people": 0},
    {"id": "d3", "label": "底商2", "floor": 1, "name": 'O\'Neil & "Co"', "tags": ["b", "a"], "people": 5},
    {"id": "d4", "label": "301-B", "floor": 2, "name": "😀𠮷", "tags": ["x"], "people": 11},
]
CONTEXT: dict[str, Any] = {
    "name": "王<芳> & 'Li' \"x\"",
    "plain": "door",
    "astral": "a😀b𠮷c\ufb01\uffee",
    "empty": "",
    "blank": "  two words \n",
    "n": 7,
    "zero": 0,
    "minus": -7,
    "third": 3.25,
    "tiny": 0.00002,
    "yes": True,
    "no": False,
    "nothing": None,
    "none_list": [],
    "none_dict": {},
    "numbers": [3, 1, 2],
    "words": ["b", "A", "c", "a"],
    "doors": DOORS,
    "me": {
        "name": "李娜",
        "role": "grid_worker",
        "grids": ["g1"],
        "items": "field",
        "deep": {"er": {"est": 1}},
    },
    "pairs": [["a", 1], ["b", 2]],
    "counts": {"met": 3, "no_answer": 0},
    "visit": {
        "outcome": "met",
        "at": "2026-11-23T02:42:05Z",
        "day": "2026-11-03",
        "old": "2025-11-03T17:30:00Z",
    },
    "locale": "zh_Hans_CN",
}

# Each line is one template over CONTEXT.
LINES = r"""
plain text & <b>markup</b> `tick` ${dollar} \back
{{ name }}
{{ name|safe }}
{{ name|escape }}{{ name|e|upper }}
{{ n }} {{ zero }} {{ minus }} {{ third }} {{ tiny }} {{ yes }} {{ no }} {{ nothing }}
{{ missing }}|{{ me.missing }}|{{ nothing.x }}|{{ n.x }}|{{ plain.x }}|{{ doors.x }}
{{ missing.x }}
{{ me.missing.x }}
{{ me.deep.er.est }}{{ me["name"] }}{{ me["items"] }}{{ me["miss-ing"] }}
{{ "lit<eral>" }}{{ 'it"s' }}{{ 42 }}{{ 1.5 }}{{ 2.0 }}{{ true }}{{ none }}{{ -3 }}{{ +3 }}
{{ [1, "a", none, true, 1.5, [], {}] }}
{{ (1, 2) }}{{ (1,) }}{{ () }}
{{ {"a": 1, "b": [2, "c'd"]} }}{{ {1: "x", "2": "y"} }}
{{ doors[0] }}
{{ ["it's", 'say "x"', "both ' \"", "tab\t", "é😀", "\u200b"] }}
{{ numbers[0] }}{{ numbers[-1] }}{{ numbers[9] }}{{ numbers["x"] }}{{ plain[1] }}{{ astral[1] }}{{ astral[-1] }}
{{ numbers[1:] }}{{ numbers[:-1] }}{{ numbers[::2] }}{{ numbers[::-1] }}{{ astral[1:3] }}{{ astral[::-1] }}{{ plain[-3:] }}
{{ numbers[5:9] }}{{ numbers[-9:2] }}{{ plain[3:0:-1] }}{{ numbers[n:] }}{{ numbers[none:2] }}
{{ nothing[1:] }}
{{ missing[1:] }}
{{ missing["x"] }}
{{ counts["met"] }}{{ counts[1] }}{{ counts.met + counts.no_answer }}
{{ 1 + 2 }}{{ 7 - 9 }}{{ 3 * 4 }}{{ 7 / 2 }}{{ 6 / 2 }}{{ 7 // 2 }}{{ -7 // 2 }}{{ 7 % 3 }}{{ -7 % 3 }}{{ 7 % -3 }}{{ 2 ** 10 }}{{ 2 ** -1 }}
{{ n / 2 }}{{ n // 2 }}{{ minus // 2 }}{{ minus % 3 }}{{ n ** 2 }}{{ n * third }}{{ third + 0.75 }}{{ third - 0.25 }}{{ n / 3 }}
{{ 0.1 + 0.2 }}{{ 1 / 3 }}{{ 2 / 3 * 3 }}{{ 1e-7 }}{{ 1 / 7 ** 9 }}{{ 5.5 // 2 }}{{ 5.5 % 0.5 }}
{{ n + yes }}{{ yes + yes }}{{ -yes }}{{ (n + 1) * (n - 1) }}{{ -(n) }}{{ -(-n) }}
{{ 1 / zero }}
{{ 1 % zero }}
{{ n + "x" }}
{{ nothing + 1 }}
{{ missing + 1 }}
{{ nothing - 1 }}
{{ -nothing }}
{{ plain + "<s>" }}{{ plain * 2 }}{{ [1] + [2] }}{{ [0] * 3 }}{{ "-" * n }}
{{ plain ~ n ~ nothing ~ missing ~ true }}{{ name ~ "<b>" }}{{ ("<b>"|safe) ~ name }}{{ (name ~ ("<i>"|safe))|length }}
{{ "<b>"|safe + name }}{{ name + ("<b>"|safe) }}
{% if n > 5 and n < 10 %}in{% endif %}{% if 5 < n < 10 %}chain{% endif %}{% if 5 < n < 7 %}no{% endif %}{% if 1 < n > 2 <= 3 %}z{% endif %}
{{ n == 7 }}{{ n != 7 }}{{ n == "7" }}{{ n >= 7 }}{{ n <= 6 }}{{ plain == "door" }}{{ nothing == none }}{{ missing == none }}{{ missing == other }}{{ yes == 1 }}{{ zero == false }}
{{ numbers == [3, 1, 2] }}{{ me.deep == {"er": {"est": 1}} }}{{ (1, 2) == [1, 2] }}{{ [] == none_list }}{{ {} == none_list }}
{{ "a" < "b" }}{{ "王" < "李" }}{{ "\uffee" < "😀" }}{{ "ab" < "a" }}{{ [1, 2] < [1, 3] }}{{ [1] < [1, 0] }}{{ "A" < "a" }}
{{ "a" < 1 }}
{{ none < 1 }}
{{ missing < 1 }}
{{ missing > 1 }}
{{ 1 in numbers }}{{ 9 not in numbers }}{{ "oo" in plain }}{{ "met" in counts }}{{ "x" in none_dict }}{{ "x" in missing }}{{ "1" in numbers }}{{ true in numbers }}
{{ 1 in nothing }}
{{ 1 in plain }}
{{ yes and n }}{{ no and n }}{{ no or "else" }}{{ empty or nothing or n }}{{ n or plain }}{{ not n }}{{ not empty }}{{ none_list or "no list" }}{{ n and none_dict or "x" }}
{{ (n > 3) and "big" }}{{ (n > 3) or "small" }}{{ (n < 3) and "big" }}{{ n > 3 and n < 9 }}
{% if none_list %}a{% elif none_dict %}b{% elif missing %}c{% elif zero %}d{% elif empty %}e{% else %}f{% endif %}
{% if doors and not nothing or zero %}A{% endif %}{% if not (n and zero) %}B{% endif %}{% if me.deep %}C{% endif %}{% if "0" %}D{% endif %}
{{ "a" if n else "b" }}{{ "<a>" if zero else name }}{{ "only" if zero }}{{ (1 if n else 2) + 1 }}{{ "x" if n > 3 else "y" if n else "z" }}
{% for x in numbers %}{{ x }},{% endfor %}
{% for x in none_list %}{{ x }}{% else %}none{% endfor %}{% for x in numbers %}{{ x }}{% else %}none{% endfor %}
{% for x in missing %}x{% else %}none{% endfor %}
{% for x in nothing %}x{% endfor %}
{% for x in n %}x{% endfor %}
{% for c in astral %}[{{ c }}]{% endfor %}{% for k in counts %}{{ k }} {% endfor %}
{% for x in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}
{% for x in numbers %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }}{% if not loop.last %}, {% endif %}{% endfor %}
{% for x in doors %}{{ loop.cycle("odd", "even") }}{{ loop.cycle(1, 2, 3) }} {% endfor %}
{% for x in numbers if x > 1 %}{{ x }}{{ loop.index }}{{ loop.last }}{% else %}none{% endfor %}{% for x in numbers if x > 9 %}{{ x }}{% else %}none{% endfor %}
{% for k, v in pairs %}{{ k }}={{ v }};{% endfor %}{% for k, v in counts.items() %}{{ k }}={{ v }};{{ loop.index }}{% endfor %}
{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for d in doors %}{% for t in d.tags %}{{ d.label }}{{ t }}{{ loop.index }} {% else %}-{% endfor %}{{ loop.index }}{% endfor %}
{% for d in doors if d.people %}{% if d.people is even %}{{ d.label }}{% elif loop.first %}F{% endif %}{% endfor %}
{% for x in [1, 2] %}{% for x in [3, 4] %}{{ x }}{% endfor %}{{ x }}{% endfor %}{{ x }}
{% for doors in doors %}{{ doors.label }}{% endfor %}{{ doors|length }}
{% for n in range(3) %}{{ n }}{% endfor %}{% for i in range(1, 8, 3) %}{{ i }}{% endfor %}{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}{{ n }}{{ range(4)|list }}
{% set x = n + 1 %}{{ x }}{% set x = x * 2 %}{{ x }}{% set a, b = 1, "<2>" %}{{ a }}{{ b }}
{% set box %}<b>{{ name }}</b>{% endset %}{{ box }}{{ box|length }}{{ box ~ "<" }}
{% set box | upper %}<b>{{ plain }}</b>{% endset %}{{ box }}
{% set box | replace("o", "<0>") | upper %}<b>{{ plain }}</b>{% endset %}{{ box }}
{% set x = 1 %}{% for i in [1, 2] %}{% set x = i * 10 %}{{ x }}{% endfor %}{{ x }}
{% for i in [1, 2, 3] %}{% if i == 2 %}{% set plain = i %}{% endif %}{{ plain }}{% endfor %}{{ plain }}
{% for i in [1, 2] %}{{ plain }}{% set plain = i %}{{ plain }}{% endfor %}
{% for i in [1, 2] %}{% set i = i * 5 %}{{ i }}{% endfor %}
{% if n %}{% set inside = 5 %}{% endif %}{{ inside }}{% if zero %}{% set outside = 5 %}{% endif %}{{ outside }}
{% set ns = namespace(total=0, seen=false) %}{% for d in doors %}{% set ns.total = ns.total + d.people %}{% if d.people %}{% set ns.seen = true %}{% endif %}{% endfor %}{{ ns.total }}{{ ns.seen }}{{ ns.other }}
{% with a = n, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}
{% with %}{% set hidden = 1 %}{{ hidden }}{% endwith %}{{ hidden }}
{% with x = 1 %}{% with x = x + 1 %}{{ x }}{% endwith %}{{ x }}{% endwith %}
{% filter upper %}a<b>{{ plain }}{% set q = 1 %}{% endfilter %}{{ q }}
{% filter replace("o", "0")|upper %}foo {{ name }}{% endfilter %}
{% filter length %}abc{% endfilter %}
{% macro chip(label, kind="plain", n=1) %}<i class="{{ kind }}">{{ label }}{{ n }}</i>{% endmacro %}{{ chip("a") }}{{ chip(name, "b", 3) }}{{ chip(n=5, label="c") }}{{ chip() }}{{ chip(missing, missing) }}
{% macro chip(a) %}<{{ a }}>{% endmacro %}{% set x = chip("&") %}{{ x }}{{ x|length }}{{ chip(chip("z")) }}{{ "y" if chip("") }}
{% macro outer(x) %}{% macro inner(y) %}{{ x }}{{ y }}{% endmacro %}{{ inner(1) }}{{ inner(2) }}{% endmacro %}{{ outer("a") }}
{% macro count(n) %}{{ n }}{% if n > 0 %}{{ count(n - 1) }}{% endif %}{% endmacro %}{{ count(3) }}
{% macro box(title) %}<h1>{{ title }}</h1>{{ caller() }}{% endmacro %}{% call box("t<") %}body {{ n }}{% endcall %}
{% macro rows(list) %}{% for x in list %}{{ caller(x, loop.index) }}{% endfor %}{% endmacro %}{% call(d, i) rows(doors) %}{{ i }}{{ d.label }};{% endcall %}
{% macro may() %}{% if caller %}{{ caller() }}{% else %}none{% endif %}{% endmacro %}{{ may() }}{% call may() %}some{% endcall %}
{% macro must() %}{{ caller() }}{% endmacro %}{{ must() }}
{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3) }}
{% macro m() %}{% set n = 99 %}{{ n }}{% for x in [1] %}{{ n }}{% endfor %}{% endmacro %}{{ m() }}{{ n }}
{% for d in doors %}{% macro m() %}{{ d.label }}{{ loop.index }}{% endmacro %}{{ m() }}{% endfor %}
{{ _("Hello %(name)s", name=name) }}{{ _("Met") }}{{ gettext("100%% <b>") }}{{ _(plain) }}{{ _("Met")|upper }}{{ _("Met") ~ name }}
{{ ngettext("%(num)s door", "%(num)s doors", 1) }}{{ ngettext("%(num)s door", "%(num)s doors", n) }}{{ ngettext("%(k)s a", "%(k)s b", n, k="<") }}
{% trans %}Met{% endtrans %}{% trans name=me.name %}Hello {{ name }}{% endtrans %}{% trans n %}{{ n }} 100% sure{% endtrans %}
{% trans count=n %}%(num)s door{% pluralize %}{{ count }} doors{% endtrans %}{% trans trimmed %}  a   b  {% endtrans %}
{% trans num=doors|length %}{{ num }} door{% pluralize num %}{{ num }} doors{% endtrans %}
{{ _("%(missing_name)s") }}
{{ n is defined }}{{ missing is defined }}{{ me.missing is defined }}{{ missing is undefined }}{{ nothing is none }}{{ n is not none }}{{ nothing is defined }}
{{ n is odd }}{{ n is even }}{{ zero is even }}{{ n is divisibleby 7 }}{{ n is divisibleby(2) }}{{ minus is odd }}
{{ n is string }}{{ plain is string }}{{ n is number }}{{ yes is number }}{{ me is mapping }}{{ doors is mapping }}{{ doors is sequence }}{{ plain is iterable }}{{ n is iterable }}{{ nothing is sequence }}{{ missing is iterable }}
{{ yes is true }}{{ n is true }}{{ no is false }}{{ yes is boolean }}{{ n is sameas none }}{{ nothing is sameas(none) }}
{{ n is eq 7 }}{{ n is equalto(8) }}{{ n is ne 7 }}{{ n is lt 8 }}{{ n is gt 8 }}{{ n is le 7 }}{{ n is ge 8 }}{{ n is in [7, 8] }}{{ n is not in [7] }}
{{ me.name.upper() }}{{ plain.upper() }}{{ "A王".lower() }}{{ blank.strip() }}|{{ blank.lstrip() }}|{{ blank.rstrip() }}|{{ plain.startswith("do") }}{{ plain.endswith("x") }}
{{ "a,b,,c".split(",") }}{{ blank.split() }}{{ ", ".join(words) }}{{ plain.replace("o", "<0>") }}{{ "ab".replace("", "-") }}{{ "".split() }}{{ "a\u3000b".split() }}
{{ counts.items() }}{{ counts.keys() }}{{ counts.values() }}{{ counts.get("met") }}{{ counts.get("x") }}{{ counts.get("x", 5) }}{{ counts.items()|length }}
{{ me.items }}{{ me.values }}{{ me.items.upper() }}{{ me.deep.items()|first|first }}{{ (me.items or "x")[0] }}
{{ nothing.items() }}
{{ plain.get("x") }}
{{ words.upper() }}
{{ ", ".join(numbers) }}
{{ missing|default("d") }}{{ nothing|default("d") }}{{ nothing|default("d", true) }}{{ empty|d("e", boolean=true) }}{{ zero|default(5) }}{{ me.x|default }}
{{ doors|length }}{{ astral|length }}{{ counts|count }}{{ none_list|length }}{{ missing|length }}{{ name|length }}
{{ n|length }}
{{ numbers|first }}{{ numbers|last }}{{ none_list|first }}{{ plain|first }}{{ astral|last }}{{ counts|first }}
{{ words|join }}{{ words|join(", ") }}{{ numbers|join("<") }}{{ [name, n, none]|join("|") }}{{ ["<b>"|safe, "<i>"]|join(" & ") }}{{ words|join("<br>"|safe) }}{{ doors|join(", ", attribute="label") }}{{ plain|join("-") }}
{{ plain|upper }}{{ "ABC王"|lower }}{{ n|upper }}{{ "straße"|upper }}{{ "hello World"|capitalize }}{{ nothing|upper }}{{ "<b>"|safe|upper }}
{{ plain|replace("o", "0") }}{{ plain|replace("o", "<0>") }}{{ plain|replace("o", "0", 1) }}{{ "<b>"|safe|replace("b", "<i>") }}{{ name|replace("<"|safe, "[") }}{{ n|replace("7", "8") }}
{{ blank|trim }}|{{ "\u3000x\u200b"|trim }}|{{ nothing|trim }}|{{ "\ufeffx"|trim }}
{{ "42"|int }}{{ " 42 "|int }}{{ "4.9"|int }}{{ "x"|int }}{{ "x"|int(5) }}{{ third|int }}{{ nothing|int }}{{ "１２"|int }}{{ "1_000"|int }}{{ "-3"|int }}{{ yes|int }}{{ "1e3"|int }}{{ "nan"|int }}{{ ""|int(default=9) }}
{{ missing|int }}
{{ "4.50"|float }}{{ "4"|float }}{{ "x"|float(1.5) }}{{ n|float }}{{ nothing|float }}
{{ n|string ~ 1 }}{{ nothing|string }}{{ third|string }}{{ numbers|string|length }}{{ missing|string }}
{{ plain|list }}{{ counts|list }}{{ numbers|list }}{{ astral|list }}{{ missing|list }}
{{ numbers|sort }}{{ words|sort }}{{ words|sort(case_sensitive=true) }}{{ numbers|sort(reverse=true) }}{{ words|sort(true) }}{{ ["😀", "\uffee", "王"]|sort }}{{ doors|sort(attribute="floor")|map(attribute="label")|join(",") }}{{ doors|sort(attribute="floor,label", reverse=true)|map(attribute="label")|join(",") }}
{{ [1, none]|sort }}
{{ [1, "a"]|sort }}
{{ numbers|sum }}{{ doors|sum("people") }}{{ doors|sum(attribute="people", start=100) }}{{ none_list|sum }}{{ [0.5, 0.5]|sum }}
{{ words|sum }}
{{ numbers|min }}{{ numbers|max }}{{ words|min }}{{ words|max }}{{ none_list|min }}{{ (doors|max(attribute="people")).label }}{{ (doors|min(attribute="people")).label }}
{{ 2.5|round }}{{ 3.5|round }}{{ 2.55|round(1) }}{{ 1.005|round(2) }}{{ 0.125|round(2) }}{{ -2.5|round }}{{ third|round(1) }}{{ 2.1|round(0, "ceil") }}{{ 2.9|round(method="floor") }}{{ n|round }}{{ n|round(2) }}{{ 2.45|round(1, "ceil") }}{{ -0.2|round }}
{{ numbers|select("gt", 1)|list }}{{ numbers|reject("odd")|list }}{{ words|select("in", ["a", "b"])|join }}{{ [0, 1, none, "x"]|select|list }}{{ [0, 1]|reject|list }}{{ numbers|select("greaterthan", 1)|length }}
{{ words|map("upper")|join }}{{ doors|map(attribute="label")|list }}{{ doors|map(attribute="none", default="-")|join }}{{ numbers|map("string")|join("+") }}{{ words|map("replace", "a", "<")|join }}{{ doors|map(attribute="tags.0")|list }}{{ [" a "]|map("trim")|list }}{{ doors|map(attribute="name")|map("default", "-", true)|join }}
{{ doors|selectattr("name")|map(attribute="label")|join(",") }}{{ doors|rejectattr("people")|map(attribute="label")|join }}{{ doors|selectattr("floor", "eq", 3)|map(attribute="label")|join }}{{ doors|selectattr("people", "gt", 4)|list|length }}{{ doors|rejectattr("name", "none")|list|length }}{{ doors|selectattr("x", "defined")|list }}
{% if doors|selectattr("floor", "eq", 99) %}some{% else %}none{% endif %}{% if doors|selectattr("floor", "eq", 3) %}some{% endif %}
{{ me|tojson }}{{ [1, none, true, "<'&\">", 1.5, "王😀", "\n\t\\"]|tojson }}{{ name|tojson }}{{ {"b": 1, "a": {}}|tojson }}
{{ missing|tojson }}
{{ "a b/c?d&e=王😀!'()*~-._"|urlencode }}{{ n|urlencode }}{{ nothing|urlencode }}{{ {"q": "a b/王", "n": 1}|urlencode }}{{ [["a", "b c"]]|urlencode }}
{{ "%s of %d"|format(name, n) }}{{ "%(a)s"|format(a=name) }}{{ "<b>%s</b>"|safe|format(name) }}{{ "%.2f|%5.1f|%05d|%-5s|%+d|%5s|%%"|format(third, third, n, "ab", n, "王") }}{{ "%d"|format(third) }}{{ "%i%s"|format(-3, none) }}{{ "%.0f%.0f%.1f"|format(0.5, 1.5, 0.25) }}
{{ "%s %s" % (n, name) }}{{ "%s" % n }}{{ "%(x)s" % {"x": 1} }}{{ plain % () }}
{{ "%d"|format(plain) }}
{{ "%s %s"|format(1) }}
{{ "%s"|format(1, 2) }}
{{ "a long text of many words"|truncate(12) }}{{ "a long text of many words"|truncate(12, true) }}{{ "short"|truncate(3) }}{{ "0123456789abcdef"|truncate(9) }}{{ "王王王王王王王王王王王王"|truncate(5, true, "…") }}{{ name|truncate(8, end="<>") }}{{ "<b>long markup with words</b>"|safe|truncate(12, end="<") }}
{{ words|unique|list }}{{ words|unique(true)|list }}{{ doors|unique(attribute="floor")|map(attribute="label")|list }}{{ [1, 1, 2]|unique|join }}
{% for g in doors|groupby("floor") %}{{ g.grouper }}:{{ g.list|map(attribute="label")|join(",") }};{% endfor %}{% for k, v in doors|groupby("floor") %}{{ k }}{{ v|length }}{% endfor %}{{ ["b", "a", "B"]|groupby(0) }}
{% for g in doors|groupby("none", default="?") %}{{ g.grouper }}{{ g.list|length }}{{ g[0] }}{% endfor %}
{{ counts|dictsort }}{{ counts|dictsort(by="value") }}{{ counts|dictsort(reverse=true) }}{{ {"B": 1, "a": 2}|dictsort }}{{ {"B": 1, "a": 2}|dictsort(true) }}
{{ numbers|reverse }}{{ plain|reverse }}{{ astral|reverse }}{{ none_list|reverse }}{% for x in numbers|reverse %}{{ x }}{% endfor %}
{{ numbers|batch(2) }}{{ numbers|batch(2, "-") }}{{ none_list|batch(2) }}{% for row in doors|batch(3) %}[{{ row|map(attribute="label")|join(" ") }}]{% endfor %}
{{ -3|abs }}{{ third|abs }}{{ counts|items }}{{ missing|items }}{% for k, v in counts|items %}{{ k }}{{ v }}{% endfor %}
{{ visit.outcome|choice("visit.outcome") }}{{ "phone_only"|choice("visit.outcome") }}{{ "new<"|choice("visit.outcome") }}{{ nothing|choice("visit.outcome") }}{{ missing|choice("none") }}{{ ["met", "no_answer"]|choice("visit.outcome")|join("、") }}
{{ visit.at|day }}{{ visit.at|date }}{{ visit.at|clock }}{{ visit.at|when }}{{ visit.day|date }}{{ visit.day|when }}{{ visit.old|when }}{{ visit.old|date }}{{ visit.old|day }}
{{ "2026-11-22"|when }}{{ "2026-11-24"|when }}{{ "2026-11-23"|when }}{{ "2026-11-24T01:00:00Z"|when }}{{ "2026-11-22T01:00:00Z"|when }}{{ "2026-12-24T01:00:00Z"|when }}{{ "2027-01-01"|when }}{{ nothing|when }}
{{ visit.day|days_since }}{{ visit.day|days_until }}{{ nothing|days_until }}{{ "2026-11-22T17:00:00Z"|days_until }}{{ today|plus_days(40) }}{{ now|plus_days(-1) }}{{ now|plus_minutes(90) }}{{ today|at_clock("18:30") }}{{ visit.at|at_clock("00:05") }}{{ "2026-11-23T02:00:00Z"|minutes_since }}
{{ 0|bytes }} {{ 999|bytes }} {{ 1000|bytes }} {{ 1949|bytes }} {{ 99999|bytes }} {{ 123456789|bytes }} {{ 5000000000|bytes }} {{ nothing|bytes }}
{{ (doors|by("id")).d3.label }}{{ (doors|by("id"))["d2"].label }}{{ (doors|by("floor"))[3].label }}{{ (doors|by("floor"))|length }}{{ (doors|by("floor")).keys() }}
{% for floor, list in (doors|groups("floor")).items() %}{{ floor }}:{{ list|map(attribute="label")|join(",") }} {% endfor %}{{ (doors|groups("nope")).keys() }}
{{ doors|after("d2")|map(attribute="label")|join(",") }}{{ doors|after("zz")|length }}{{ (doors|after("d4")|first).label }}
{{ doors|where("floor", 3)|map(attribute="label")|join(",") }}{{ doors|without("floor", 3)|length }}{{ doors|where("name", none)|length }}{{ doors|where("nope", 1) }}
{{ "000-1234 5678"|phone_masked }}{{ "1234567"|phone_masked }}{{ nothing|phone_masked }}{{ "12345678"|phone_masked }}
{{ {"a": 1}.a }}{{ dict(a=1, b=2) }}{{ [1, 2][1] }}{{ "abc"[1] }}{{ {"a-b": 1}["a-b"] }}{{ {n: "seven"}[7] }}
{{ asset_like }}{# comment #}{{ 1 }}{#- trim -#}  {{- 2 -}}  x
{% raw %}{{ raw }}{% endraw %}{{ "{{" }}{{ "`${x}`" }}
<option value="{{ n }}"{% if n == 7 %} selected{% endif %}>{{ plain }}</option>
<a class="door{{ " met" if n > 3 }}{{ " due" if no }}" href="/doors/{{ plain|urlencode }}">{{ name or "–" }}</a>
{% for d in doors %}<li{% if loop.first %} class="first"{% endif %}>{{ d.name or _("Met") }} {{ d.tags|join(", ") or "-" }}</li>{% endfor %}
{% set class = "a" %}{% for new in [1] %}{{ new }}{{ class }}{% set delete = 3 %}{{ delete }}{% endfor %}{% set o = 1 %}{% set c = 2 %}{{ o }}{{ c }}
{{ n if n is defined and n is number and n > 3 else "-" }}{{ (missing or me).name }}{{ (nothing or {}).x }}
{{ ((1, 2), [3])|length }}{{ (1, 2)[0] }}{{ (1, 2) + (3,) }}{{ (2, 1)|sort }}{{ (2, 1)|list }}{{ [(1, "a")] }}
{{ [1, 2] in [[1, 2]] }}{{ "a" in ("a", "b") }}{{ [true, 1.0, "1"]|unique|list|length }}{{ 1 == 1.0 }}
"""

# Sets of files: the first is rendered.
SETS: dict[str, dict[str, str]] = {
    "a page of a base": {
        "page": "{% extends 'base' %}{% block body %}<p>{{ super() }}{{ name }}</p>{% endblock %}",
        "base": "<html>{% block head %}<title>{% block title %}T{% endblock %}</title>{% endblock %}{% block body %}base {{ n }}{% endblock %}{{ self.title() }}</html>",
    },
    "three generations": {
        "page": "{% extends 'mid' %}{% block a %}page {{ super() }}{% endblock %}{% block b %}{{ self.a() }}{% endblock %}",
        "mid": "{% extends 'base' %}{% block a %}mid {{ super() }}{% endblock %}{% block c %}{{ super() }}!{% endblock %}",
        "base": "[{% block a %}base{% endblock %}|{% block b %}b{% endblock %}|{% block c %}c{% endblock %}]",
    },
    "sets and imports of a child are seen in its blocks": {
        "page": "{% extends 'base' %}{% from 'parts' import chip, badge as tag %}{% import 'parts' as parts %}{% set title = 'T<' %}"
        "{% macro own(x) %}{{ x }}{{ title }}{% endmacro %}"
        "{% block body %}{{ title }}{{ chip('a') }}{{ tag(1) }}{{ parts.chip('b', n=2) }}{{ own(3) }}{{ parts.colour }}{% endblock %}",
        "base": "{% block body %}{% endblock %}{{ title }}",
        "parts": "{% set colour = 'green' %}{% macro chip(l, n=1) %}<i>{{ l }}{{ n }}{{ colour }}{{ me.name }}</i>{% endmacro %}"
        "{% macro badge(x) %}({{ x }}{{ visit.at|when }}){% endmacro %}",
    },
    "a macro that the base imports": {
        "page": "{% extends 'base' %}{% block body %}{{ chip('x') }}{% endblock %}",
        "base": "{% from 'parts' import chip %}{% block body %}{% endblock %}",
        "parts": "{% macro chip(l) %}<i>{{ l }}</i>{% endmacro %}",
    },
    "a macro that was not asked for stands in nobody's way": {
        "page": "{% extends 'base' %}{% from 'parts' import chip %}{% block body %}{{ chip('x') }}{% include 'row' %}{% endblock %}",
        "base": "{{ name }}{% block body %}{% endblock %}{{ title }}",
        "row": "[{{ n }}{{ name }}]",
        "parts": "{% macro name(x) %}!{{ x }}{% endmacro %}{% set n = 'm' %}{% set title = 't' %}{% macro chip(l) %}<i>{{ l }}{{ name(1) }}</i>{% endmacro %}",
    },
    "includes see the context and local variables": {
        "page": "{% set title = 'T' %}{% for d in doors %}{% set k = loop.index %}{% include 'row' %}{% endfor %}{% include 'row' %}{{ leaked }}",
        "row": "{% set leaked = 1 %}<li>{{ d.label }}{{ k }}{{ title }}{{ me.name }}{% include 'deep' %}</li>",
        "deep": "({{ d.floor }}{% block x %}{{ d.label }}{% endblock %})",
    },
    "an include without the context": {
        "page": "{% include 'row' without context %}",
        "row": "[{{ name }}{{ 1 + 1 }}]",
    },
    "an include of a page that extends": {
        "page": "{% block a %}outer{% endblock %}{% include 'inner' %}",
        "inner": "{% extends 'base' %}{% block a %}inner{% endblock %}",
        "base": "<{% block a %}{% endblock %}>",
    },
    "a scoped block sees the loop": {
        "page": "{% for d in doors %}{% block row scoped %}{{ d.label }}{{ name }}{% endblock %}{% block blind %}{{ d }}{% endblock %}{% endfor %}"
    },
    "a block overridden inside a loop": {
        "page": "{% extends 'base' %}{% block row %}[{{ d.label }}{{ super() }}]{% endblock %}",
        "base": "{% for d in doors %}{% block row scoped %}{{ d.floor }}{% endblock %}{% endfor %}",
    },
    "imports inside blocks and loops": {
        "page": "{% block a %}{% from 'parts' import chip %}{% for d in doors %}{% import 'parts' as p %}{{ chip(d.label) }}{{ p.seen() }}{% endfor %}{% endblock %}",
        "parts": "{% macro chip(l) %}<{{ l }}>{% endmacro %}{% macro seen() %}{{ d.floor }}{{ n }}{% endmacro %}",
    },
    "sets in blocks stay there": {
        "page": "{% block a %}{% set x = 1 %}{{ x }}{% if n %}{% set y = 2 %}{% else %}{% set y = 3 %}{% endif %}{{ y }}{% endblock %}{{ x }}{{ y }}"
    },
    "a call block of an imported macro": {
        "page": "{% from 'parts' import card %}{% call(t) card(title=name) %}{{ n }}{% for x in numbers %}{{ x }}{% endfor %}{% endcall %}{% call(x) card('b') %}{{ x }}{% endcall %}",
        "parts": "{% macro card(title, kind='k') %}<div class='{{ kind }}'><h2>{{ title }}</h2>{{ caller(title) }}</div>{% endmacro %}",
    },
    "whitespace control and block tags on lines": {
        "page": "<ul>\n  {% for d in doors %}\n    <li>{{ d.label }}</li>\n  {% endfor %}\n</ul>\n{%- if n %}\n\n  x\n{% endif %}\n{# c #}\n  y\n"
    },
    "gettext in macros and blocks": {
        "page": "{% macro m(x) %}{{ _('Hello %(name)s', name=x) }}{% endmacro %}{% block a %}{{ m(name) }}{% trans %}Met{% endtrans %}{% endblock %}"
    },
}

# What the phone cannot do fails the build: source, line, and words of the message.
REFUSED: list[tuple[str, int, str]] = [
    ("\n{{ x|pprint }}", 2, "the filter 'pprint' is not on the phone"),
    ("{{ x|nothing_like_it }}", 1, "the filter 'nothing_like_it'"),
    ("{{ x is callable }}", 1, "the test 'callable'"),
    ("{{ url_for('x') }}", 1, "url_for() is not on the phone"),
    ("{{ x.append(1) }}", 1, ".append() so is not on the phone"),
    ("{{ x.split(',', 1) }}", 1, ".split() so is not on the phone"),
    ("{{ x.constructor }}", 1, "no name for a field"),
    ("{{ x.__class__ }}", 1, "no name for a field"),
    ("{% for x in y recursive %}{% endfor %}", 1, "a recursive loop"),
    ("{{ loop.index }}", 1, "there is no loop.index here"),
    ("{% for x in y %}{{ loop.depth }}{% endfor %}", 1, "there is no loop.depth here"),
    ("{% for x in y %}{{ loop }}{% endfor %}", 1, "'loop' stands alone"),
    ("{% extends name %}", 1, "named by an expression"),
    ("\n\n{% include 'absent' %}", 3, "there is no template 'absent'"),
    ("{% include 'parts' ignore missing %}", 1, "ignore missing"),
    ("{% extends 'parts' %}text", 1, "output outside of the blocks"),
    ("{% macro m(a) %}{% endmacro %}\n{{ m(1, 2) }}", 2, "m takes 1 arguments"),
    ("{% macro m(a) %}{% endmacro %}\n{{ m(b=2) }}", 2, "does not take 'b'"),
    ("{% macro m(a) %}{% endmacro %}{{ m }}", 1, "'m' is a macro"),
    ("{% macro m(a) %}{% endmacro %}{% call m() %}{% endcall %}", 1, "never uses its caller()"),
    ("{% macro m() %}{{ varargs }}{% endmacro %}", 1, "'varargs' stands alone"),
    ("{% from 'parts' import absent %}", 1, "parts has no 'absent'"),
    ("{% import 'parts' as p %}{{ p.absent() }}", 1, "parts has no macro 'absent'"),
    ("{% import 'parts' as p %}{{ p.n }}", 1, "parts has no value 'n'"),
    ("{% for i in y %}{{ x }}{% endfor %}\n{% set x = 2 %}", 2, "is set after an inner level has read it"),
    ("{% block a required %}{% endblock %}", 1, "a required block"),
    ("{% autoescape false %}{% endautoescape %}", 1, "an autoescape block"),
    ("{{ m(*x) }}", 1, "* and ** arguments"),
    ("{{ 99999999999999999999 }}", 1, "too large for JavaScript"),
    ("{{ x is sameas y }}", 1, "sameas compares identity"),
    ("{{ x|int(base=16) }}", 1, "int has no 'base'"),
    ("{{ x|map(y) }}", 1, "a computed name"),
    ("{{ x|map }}", 1, "map needs attribute="),
    ("{% if %}", 1, "Expected an expression"),
    ('<p>\n<b style="x">', 2, "an inline style is not applied"),
    (
        '{% if x %}\n  text\n  <b class="x"\n  style="{{ x }}">{% endif %}',
        4,
        "an inline style is not applied",
    ),
    ('<a hx-on:click="x()">', 1, "hx-on is not run"),
    ('<a hx-on--after-swap="x()">', 1, "hx-on is not run"),
    ('<a onclick="x()">', 1, "an inline event handler"),
    ("<a hx-trigger=\"keyup[key=='x']\">", 1, "fires unfiltered"),
    ("<a hx-vals='js:{a: 1}'>", 1, "js: values are not evaluated"),
    ('<a href="javascript:x()">', 1, "a javascript: address"),
    ('<form method="post"\n class="card">', 2, "a form without an action"),
    ("<script>x()</script>", 1, "an inline script"),
    ("<style>x</style>", 1, "an inline style sheet"),
]
PARTS = "{% macro chip(l) %}<i>{{ l }}</i>{% endmacro %}"

# Expressions of declarations: native values over CONTEXT.
EXPRESSIONS = r"""
n + 1
n / 2
me.name
me.missing
missing
nothing
visit.day|days_since
(visit.day|plus_days(90)) < today
visit.at|day if visit.outcome == "met" else nothing
[n, plain]
n > 3 and visit.outcome in ("met", "phone_only")
counts.met or 0
1 < n < 10
_("Hello %(name)s", name=name)
ngettext("%(num)s door", "%(num)s doors", n)
"<b>" ~ name
visit.outcome|choice("visit.outcome")
doors|selectattr("people")|map(attribute="label")|join(", ")
doors|sum(attribute="people")
_("Met") ~ " " ~ (visit.at|when)
nothing + 1
6 / 3
"""
