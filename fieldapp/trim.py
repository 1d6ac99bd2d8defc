"""Trim: htmx as this app uses it. Settings that never change are written into its source, and what no template may ask
for is left out, so that the minifier drops the rest: a seventh of what a phone loads before the first screen is painted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

# As static/page/navigation.js sets them.
SETTINGS = {
    "allowEval": "false",
    "allowScriptTags": "false",
    "includeIndicatorStyles": "false",
    "historyCacheSize": "0",
    "defaultSettleDelay": "0",
    "historyEnabled": "false",
    "refreshOnHistoryMiss": "false",
}
# What a template may not say (a pattern), and the functions that only serve it, with what they give without it.
UNUSED = {
    r"\bhx-on\b": {
        "processHXOnRoot": "",
        "findHxOnWildcardElements": "[]",
        "processHxOnWildcard": "",
        "deInitOnHandlers": "",
    },
    r"\bhx-(vals|vars|headers|request)=": {"getValuesForElement": "values || {}"},
    r"hx-trigger=.[^\"']*\[": {"maybeGenerateConditional": "null"},
    r"hx-trigger=.[^\"']*\b(revealed|intersect)": {"initScrollHandler": "", "maybeReveal": ""},
    r"hx-trigger=.[^\"']*\b(load|once|from|target|throttle|queue|consume|root|threshold)\b": {
        "parseAndCacheTrigger": """explicitTrigger.split(',').map((one) => {
      const [trigger, ...rest] = one.trim().split(/\\s+/)
      if (trigger === 'every') return { trigger, pollInterval: parseInterval(rest[0]) }
      return { trigger, changed: rest.includes('changed'), delay: parseInterval(rest.find((word) => word.startsWith('delay:'))?.slice(6)) }
    })""",
        "addTriggerHandler": """triggerSpec.pollInterval > 0
      ? processPolling(asElement(elt), handler, triggerSpec)
      : addEventListener(elt, handler, nodeData, triggerSpec)""",
    },
    r"\bhx-(target|include)=.(?!#)": {
        "querySelectorAllExt": "toArray(getDocument().querySelectorAll(selector))"
    },
    r"\bhx-swap=.(?!innerHTML|outerHTML)": {
        "swapWithStyle": "(swapStyle === 'outerHTML' ? swapOuterHTML : swapInnerHTML)(target, fragment, settleInfo)"
    },
    r"\bhx-swap=.[^\"']*\b(swap|settle|transition|ignoreTitle|scroll|focus-scroll):": {
        "getSwapSpecification": """((info, boosted) => {
      const [swapStyle = 'innerHTML', ...rest] = info ? splitOnWhitespace(info) : []
      const show = rest.find((word) => word.startsWith('show:'))?.slice(5).split(':')
      return {
        swapStyle, swapDelay: 0, settleDelay: 0,
        show: show ? show.pop() : boosted && !isAnchorLink(elt) && 'top',
        showTarget: show && show.join(':')
      }
    })(getClosestAttributeValue(elt, 'hx-swap'), getInternalData(elt).boosted)"""
    },
    r"\bhx-params=": {"filterValues": "inputValues"},
    r"\bhx-ext=": {"getExtensions": "[]", "withExtensions": ""},
    r"\bhx-(swap|select)-oob=": {"findAndSwapOobElements": "false", "oobSwap": ""},
    r"<hx-": {"findAndSwapPartials": "false"},
    r"\bhx-preserve\b": {"handlePreservedElements": "", "restorePreservedElements": ""},
    r"\bhx-disabled-elt=": {"disableElements": "[]"},
    r"\bhx-indicator=": {"addRequestIndicatorClasses": "[]", "removeRequestIndicators": ""},
}
# A history without a cache finds nothing there; no text is run as code; no answer of ours triggers events by a header;
# what is settled at once has no attributes to keep until then.
NEVER = {
    "getCachedHistory": "null",
    "saveToHistoryCache": "",
    # Written once an entry: each time costs the browser as much as half a screen.
    "saveCurrentPageToHistory": "history.state?.htmx || history.replaceState({ htmx: true }, '', location.href)",
    "internalEval": "null",
    "handleTriggerHeader": "",
    "formDataProxy": "formData",
    "getHeaders": "{ 'HX-Request': 'true' }",
    "handleAttributes": "",
    "eltIsDisabled": "false",
    "getMetaConfig": "null",
}
# Attributes that no template says: where htmx asks for one, there is none.
UNSAID = r"\bhx-(confirm|sync|prompt|encoding|validate|push-url|history|disinherit|inherit|disable)="
ASKED = r"get(?:Closest)?AttributeValue\(\w+, '{}'\)"
# What is written in its source, beside that, of which we make no use, and what it comes to.
WRITTEN = {
    r"hasHeader\(xhr, 'HX-(?!Redirect|Push-Url)[\w-]+'\)": "false",
    r"htmx\.config\.(globalViewTransitions|ignoreTitle|getCacheBusterParam|withCredentials|disableInheritance)\b": "false",
    r"htmx\.config\.(inlineScriptNonce|inlineStyleNonce|triggerSpecsCache)\b": "null",
    r"htmx\.config\.(defaultSwapDelay|timeout)\b": "0",
    r"swapSpec\.hasOwnProperty\('transition'\)": "false",
    r"\bswapSpec\??\.(transition|ignoreTitle|scroll|scrollTarget|focusScroll|swapDelay)\b(?! =)": "undefined",
    r"(?<!\.)\btriggerSpec\.(from|target|throttle|consume|once)\b": "undefined",
    r"(\bresponseInfo\.)?\betc\.\w+": "undefined",
    r"confirmed === undefined": "false",
    r"\b(addClassToElement|removeClassFromElement)\(\w+, htmx\.config\.\w+Class\)": "null",
    r"\n    response = response\.replace\(/<hx-.*(?=\n)": "",
    r"(?s)\n    forEach\(\['loadstart'.*?\n    \}\)\n": "\n",
}
# An event that none of our scripts hears need not be told.
TOLD = r"(?<!function )\btriggerEvent\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*?'htmx:([\w:]+)'(?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
HEARD = {"load", "abort"}
# A line of its interface or of its settings; what nothing reads any more goes.
SET = r"\n {4,6}(\w+): (?:'[^'\n]*'|[\w.-]+|\[[^\]\n]*\]),?(?=\n)"
# What our scripts call; the rest of its interface serves other people's.
CALLED = {"onLoad", "process"}


def trimmed(source: str, templates: Iterable[Path], scripts: Iterable[Path]) -> str:
    """The source of htmx with less in it; ValueError where a page needs what is left out, or htmx is no longer as it was."""
    for file in templates:
        for pattern in (*UNUSED, UNSAID):
            if found := re.search(pattern, file.read_text(encoding="utf-8")):
                raise ValueError(f"{file}: {found.group()} is left out of htmx by fieldapp/trim.py")
    ours = "\n".join(file.read_text(encoding="utf-8") for file in scripts)
    if called := set(re.findall(r"\bhtmx\.(\w+)\(", ours)) - CALLED:
        raise ValueError(f"htmx.{called.pop()}() is left out of htmx by fieldapp/trim.py")
    for name, value in SETTINGS.items():
        if f"{name}: {value}," not in ours:
            raise ValueError(f"no script of ours sets htmx.config.{name} to {value}")
        source = replaced(rf"htmx\.config\.{name}\b", value, source)
    for functions in (*UNUSED.values(), NEVER):
        for name, value in functions.items():
            source = emptied(source, name, value)
    for attribute in re.findall(r"[a-z-]+", UNSAID.split("(")[1]):
        source = re.sub(ASKED.format(f"hx-{attribute}"), "null", source)
    for pattern, value in WRITTEN.items():
        source = replaced(pattern, value, source)
    heard = HEARD | set(re.findall(r"\bhtmx:(\w+)", ours))
    source = re.sub(TOLD, lambda told: told.group() if told[1] in heard else "true", source)
    kept = "|".join(CALLED | set(re.findall(r"\bhtmx\.(\w+)\(", source)))
    source = replaced(rf"\n  htmx\.(?!({kept}) )\w+ = \w+(?=\n)", "", source)
    read = set(re.findall(r"\bhtmx\.(?:config\.)?(\w+)", source)) | CALLED
    interface, code = source.split("\n    version: ", 1)
    interface = replaced(SET, lambda line: line.group() if line[1] in read else "", interface)
    return f"{interface}\n    version: {code}"


def replaced(pattern: str, by: str | Callable[[re.Match[str]], str], source: str) -> str:
    """The source with another text wherever the pattern is, which must be somewhere."""
    made, times = re.subn(pattern, by, source)
    if not times:
        raise ValueError(f"htmx has no {pattern}")
    return made


def emptied(source: str, name: str, value: str) -> str:
    """The source with a function that does nothing but give `value`."""
    pattern = rf"(\n  function {name}\([^)]*\) \{{\n).*?\n  \}}\n"
    made, times = re.subn(pattern, lambda found: f"{found[1]}return {value}\n  }}\n", source, flags=re.DOTALL)
    if times != 1:
        raise ValueError(f"htmx has no function {name}")
    return made
