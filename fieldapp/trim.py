"""Trim: htmx as this app uses it. Settings that never change are written into its source, and what no template may ask
for is left out, so that the minifier drops the rest: a seventh of what a phone loads before the first screen is painted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

# How htmx behaves here.
SETTINGS = {
    "allowEval": "false",
    "allowScriptTags": "false",
    "includeIndicatorStyles": "false",
    "historyCacheSize": "0",  # no resident's data in the browser's session storage
    "historyEnabled": "false",  # static/page/navigation.js tells the browser where we are
    "refreshOnHistoryMiss": "false",
    "defaultSettleDelay": "0",
    "defaultSwapDelay": "0",
    "timeout": "0",
    "historyRestoreAsHxRequest": "true",
    "globalViewTransitions": "false",
    "ignoreTitle": "false",
    "getCacheBusterParam": "false",
    "withCredentials": "false",
    "disableInheritance": "false",
    "defaultFocusScroll": "false",
    "reportValidityOfForms": "false",
    "inlineScriptNonce": "null",
    "inlineStyleNonce": "null",
    "triggerSpecsCache": "null",
    "indicatorClass": "null",
    "requestClass": "null",
    "attributesToSettle": "null",
}
# What a template may not say (a pattern), and the functions that only serve it, with what they give without it.
UNUSED = {
    r"\bhx-on\b": {
        "processHXOnRoot": "",
        "findHxOnWildcardElements": "[]",
        "processHxOnWildcard": "",
        "deInitOnHandlers": "",
    },
    r"\bdata-hx-": {
        "hasAttribute": "!!elt.hasAttribute && elt.hasAttribute(qualifiedName)",
        "getAttributeValue": "getRawAttribute(elt, qualifiedName)",
    },
    r"\bhx-[a-z-]+=.unset\b": {
        "getClosestAttributeValue": "elt.closest(`[${attributeName}]`)?.getAttribute(attributeName)"
    },
    r"\bhx-(vals|vars|headers|request)=": {"getValuesForElement": "{}", "getExpressionVars": "null"},
    r"hx-trigger=.[^\"']*\[": {"maybeGenerateConditional": "null", "maybeFilterEvent": "false"},
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
    r"\bhx-get=(?!.*\bhx-trigger=.(every|change|input)\b)": {
        "shouldCancel": "false",
        "getTriggerSpecs": """((told) => told
      ? parseAndCacheTrigger(elt, told)
      : [{ trigger: matches(elt, 'form') ? 'submit' : 'click' }])(getAttributeValue(elt, 'hx-trigger'))""",
    },
    # A time is said in seconds or milliseconds.
    r"hx-trigger=.[^\"']*\b(every |delay:)(?!\d+m?s\b)": {
        "parseInterval": "str && parseFloat(str) * (str.endsWith('ms') ? 1 : 1000)"
    },
    r"\bhx-(target|include)=.(?!#)": {
        "querySelectorAllExt": "toArray(getDocument().querySelectorAll(selector))",
        "querySelectorExt": "getDocument().querySelector(selector)",
        "findThisElement": "null",
        # The browser's own list of what a form holds; a file that nobody chose has no name.
        "getInputValues": """((formData, button, included) => {
      const add = (form) => new FormData(form).forEach((value, name) => value.name === '' || formData.append(name, value))
      if (matches(elt, 'form')) add(elt)
      else if (elt.name) formData.append(elt.name, elt.value)
      if (included) add(querySelectorExt(elt, included))
      if (button?.isConnected && button.name) formData.set(button.name, button.value)
      return { formData }
    })(new FormData(), getInternalData(elt).lastButtonClicked, getClosestAttributeValue(elt, 'hx-include'))""",
    },
    r"\bhx-swap=.(?!innerHTML|outerHTML)": {
        "swapWithStyle": "(swapStyle === 'outerHTML' ? swapOuterHTML : swapInnerHTML)(target, fragment, settleInfo)"
    },
    r"\bhx-swap=.\w+\b(?![\"']| show:(?:none|window:top)[\"'])": {
        "getSwapSpecification": """((info) => ({
      swapStyle: info.split(' ')[0], show: info.endsWith('top')
    }))(getClosestAttributeValue(elt, 'hx-swap') || 'innerHTML')""",
        "updateScrollState": "swapSpec.show && getDocument().body.scrollIntoView({ behavior: 'instant' })",
    },
    # What replaces an address and what is a step of its own are alike to `step` in static/page/navigation.js.
    r"\bhx-replace-url=.(?!true)": {
        "determineHistoryUpdates": """((told, { anchor, responsePath, finalRequestPath }) => {
      const path = told || ((getInternalData(elt).boosted || getClosestAttributeValue(elt, 'hx-replace-url')) &&
        (responsePath || finalRequestPath) + (anchor ? '#' + anchor : ''))
      return path ? { type: 'push', path } : {}
    })(responseInfo.xhr.getResponseHeader('HX-Push-Url'), responseInfo.pathInfo)"""
    },
    r"\bhx-params=": {"filterValues": "inputValues"},
    r"\bhx-ext=": {"getExtensions": "[]", "withExtensions": ""},
    r"\bhx-(swap|select)-oob=": {"findAndSwapOobElements": "false", "oobSwap": "", "getRootNode": "null"},
    r"<hx-": {"findAndSwapPartials": "false"},
    r"\bhx-preserve\b": {"handlePreservedElements": "", "restorePreservedElements": ""},
    r"\bhx-disabled-elt=": {"disableElements": "[]"},
    r"\bhx-indicator=": {"addRequestIndicatorClasses": "[]", "removeRequestIndicators": ""},
    r"\b(hx-(post|put|delete|patch)|formmethod)=": {
        "processVerbs": """hasAttribute(elt, 'hx-get') && !triggerSpecs.forEach((spec) => addTriggerHandler(elt, spec, nodeData,
      (node, event) => issueAjaxRequest('get', getAttributeValue(elt, 'hx-get'), node, event)))""",
        "findElementsToProcess": "elt.querySelectorAll('[hx-get], [hx-boost] a, form, [type=submit]')",
    },
}
# A history without a cache finds nothing there; no text is run as code; no answer of ours triggers events by a header;
# what is settled at once has no attributes to keep until then.
NEVER = {
    "getCachedHistory": "null",
    "saveToHistoryCache": "",
    "setCurrentPathForHistory": "",
    # Written once an entry: each time costs the browser as much as half a screen.
    "saveCurrentPageToHistory": "history.state?.htmx || history.replaceState({ htmx: true }, '', location.href)",
    "internalEval": "null",
    "handleTriggerHeader": "",
    "formDataProxy": "formData",
    "formDataFromObject": "obj",
    "getHeaders": "{ 'HX-Request': 'true' }",
    "safelySetHeaderValue": "xhr.setRequestHeader(header, headerValue)",
    "handleAttributes": "",
    "eltIsDisabled": "false",
    "getMetaConfig": "null",
    # The policy lets no script ask elsewhere.
    "verifyPath": "true",
    # No element changes what it does while it stands on a page; none of ours has a shadow.
    "attributeHash": "true",
    "parentElt": "elt.parentElement",
    # What the browser's own parser makes of an answer, be it a page or a part of one.
    "makeFragment": "((doc) => Object.assign(doc.body, { title: doc.title }))(new DOMParser().parseFromString(response, 'text/html'))",
    "handleTitle": "title && (window.document.title = title)",
    "urlEncode": "new URLSearchParams(values).toString()",
    "encodeParamsForBody": "usesFormData(elt) ? filteredParameters : urlEncode(filteredParameters)",
    "getPathFromResponse": "((url) => url.pathname + url.search)(new URL(xhr.responseURL))",
    "resolveResponseHandling": "{ swap: xhr.status !== 204 }",
    "onLoadHelper": "getDocument().addEventListener('htmx:load', (event) => callback(event.detail.elt))",
    "triggerErrorEvent": "triggerEvent(elt, eventName, detail)",
    "logError": "",
    # Our script is run when the whole page is there.
    "ready": "fn()",
    "resolveTarget": "typeof eltOrSelector === 'string' ? getDocument().querySelector(eltOrSelector) : eltOrSelector",
    "asParentNode": "elt",
    "asHtmlElement": "elt",
    "bodyContains": "elt.isConnected",
    "toArray": "Array.from(arr || [])",
    "forEach": "toArray(arr).forEach((one) => func(one))",
}
# Attributes that no template says: where htmx asks for one, there is none.
UNSAID = (
    r"\bhx-(confirm|sync|prompt|encoding|validate|push-url|history|disinherit|inherit|disable|select-oob)="
)
ASKED = r"get(?:Closest)?AttributeValue\(\w+, '{}'\)"
# What is written in its source, beside that, of which we make no use, and what it comes to.
WRITTEN = {
    r"hasHeader\(xhr, 'HX-(?!Redirect|Push-Url)[\w-]+'\)": "false",
    r"(?s)\n    values: function.*?\n    \},": "",
    r"(?s)\n      responseHandling: \[.*?\n      \],": "",
    r"\n    location,": "",
    r"\n  htmx\._ = .*": "",
    r"htmx\.config\.methodsThatUseUrlParams\.indexOf\(verb\) >= 0": "verb === 'get'",
    r"swapSpec\.hasOwnProperty\('transition'\)": "false",
    r"swapSpec\.hasOwnProperty\('ignoreTitle'\)": "true",
    r"swapSpec\.swapStyle === 'textContent'|swapSpec\.settleDelay > 0": "false",
    r"\bswapSpec\??\.(transition|ignoreTitle|scroll|scrollTarget|focusScroll|swapDelay)\b(?! =)": "undefined",
    r"(?<!\.)\btriggerSpec\.(from|target|throttle|consume|once)\b": "undefined",
    r"(\bresponseInfo\.)?\betc\.\w+": "undefined",
    r"\b(requestAttrValues|responseHandling)\.(?!swap\b)\w+": "undefined",
    r"confirmed === undefined": "false",
    r"\b(addClassToElement|removeClassFromElement)\((\w+|asElement\(\w+\)), htmx\.config\.\w+Class\)": "null",
    r"(?s)\n    forEach\(\['loadstart'.*?\n    \}\)\n": "\n",
    r"\bhtmx\.location\b": "location",
    r"htmx\.logger && ": "false && ",
    r"\bkebabName !== eventName\b": "false",
    r"= kebabEventName\(eventName\)": "= null",
    r"if \(key !== 'firstInitCompleted'\) ": "",
    r"\n    nodeData\.firstInitCompleted = true": "",
    r"(?s)\n        if \(eltData\.queuedRequests == null\) \{.*?\n        \}": "",
    r"\n      (formData|parameters|unfiltered\w+|withCredentials|timeout|triggeringEvent): .*": "",
    r"if \((detail\.error|syncStrategy|isError|responseInfoSelect|hasPartials && .*|xhr\.status === 286|buttonVerb != null|errors && errors\.length > 0)\) \{": "if (false) {",
    r" \|\| target == DUMMY_ELT": "",
    r"const DUMMY_ELT = .*": "const DUMMY_ELT = null",
    r"const VERBS = .*": "const VERBS = ['get']",
    r"(?s)const VERB_SELECTOR = .*?\n  \}\).*?\n": "",
    r"(?s)const HX_ON_QUERY = .*?\]\]'\)\n": "",
    r"\bhasAttribute\(elt, 'hx-trigger'\)": "false",
    r"\[hx-history-elt\],\[data-hx-history-elt\]": "[hx-history-elt]",
    r"typeof content === 'string' \? makeFragment\(content\) : content": "makeFragment(content)",
    r"swapOptions\.title \|\| ": "",
    r"\bswapOptions\.(selectOOB|after\w+Callback)\b": "null",
    r"(?s)\n        forEach\(findAll\(fragment, 'template'\).*?\n        \}\)\n": "\n",
    r"\bmaybeCall\((null|resolve|reject|settleResolve|settleReject)\)": "null",
    r"removeEventListenerImpl\(info\.on, info\.trigger, info\.listener\)": "info.on.removeEventListener(info.trigger, info.listener)",
    r"(?s)\n    withExtensions\(asElement\(elt\), .*?\n    \}\)": "",
    r"overrideFormData\(rawFormData, expressionVars\)": "rawFormData",
    r"\n    (path|verb|headers|filteredFormData|errors|useUrlParams) = (formDataFromObject\()?requestConfig\.\w+\)?(?=\n)": "",
    r"\n    xhr\.(withCredentials|timeout) = .*": "",
    r"(?s)\n    xhr\.on(abort|timeout) = function\(\) \{.*?\n    \}(?=\n)": "",
    # Of what waits behind a request, the last one is kept.
    r"(?s)\n        if \(queueStrategy == null\) \{.*?\n        \}(?=\n        if \(queue)": "",
    r"queueStrategy === '(first|all)'": "false",
    r"queueStrategy === 'last'": "true",
    r"\beltData\.abortable\b(?! [=!])": "false",
    r"\n {4,6}eltData\.abortable = .*": "",
    r"(?s)\n    body\.addEventListener\('htmx:abort'.*?\n    \}\)(?=\n)": "",
    r"window\.onpopstate \? .* : null": "null",
    r"(?s)\n    const restoredElts = .*?\n    \)(?=\n)": "",
    r"(?s)\n        forEach\(restoredElts, .*?\n        \}\)(?=\n)": "",
    r"\n    forEach\(findHxOnWildcardElements.*": "",
    r"(?s)\n +forEach\(settleInfo\.elts, function\(elt\) \{(?:(?!\n +\}\)).)*'htmx:afterSwap'.*?\n +\}\)": "",
    r"\n    \w+ = beforeSwapDetails\..*": "",
    r"\n      (isError|ignoreTitle|selectOverride|swapOverride|useUrlParams|headers|errors|etc|select),?(?=\n)": "",
    r"\n {4,6}responseInfo\.(failed|keepIndicators) = .*": "",
    r"(?s)\n      const rootNode = .*?: getDocument\(\)": "\n      const rootNode = null",
    r"\n    const elt = swapOptions\.contextElement \|\| getDocument\(\)": "",
    r"var hasPartials = .*": "",
    r"(?s)if \(!maybeFilterEvent\(spec, elt, makeEvent\(.*?\}\)\)\) \{": "if (true) {",
    r"\belementData\.throttle\b(?! =)": "false",
    r"(?s)\n  getDocument\(\)\.addEventListener\('DOMContentLoaded', function\(\) \{.*?\n  \}\)": "",
    r"selectOverride === 'unset' \? null : selectOverride \|\| select\b": "select",
    r"\n    request\.setRequestHeader\('HX-Current-URL', .*": "",
    # No element is taken off its polling but with its page; every answer of ours says its own type.
    r" && nodeData\.cancelled !== true": "",
    r"\n    xhr\.overrideMimeType\(.*": "",
    r"\n    etc = etc != null \? etc : \{\}": "",
    r"\n        eventData\.triggerSpec = .*": "",
    r"\n    responseInfo\.(target|successful) = .*": "",
    r" && \(elt\.target === '' \|\| elt\.target === '_self'\)": " && !elt.target",
    r" && String\(getRawAttribute\(elt, 'method'\)\)\.toLowerCase\(\) !== 'dialog'": "",
    r"\n    if \(!\(elt instanceof Element\)\) \{\n      return false\n    \}": "",
    r"\{ block: 'start', behavior: 'auto' \}": "",
    r"(?s), swapDelay: 0, settleDelay: 0(?=[^\n]* \}\n)": "",
    r"(?s)\n        afterS\w+Callback: function\(\) \{.*?\n        \},(?=\n)": "",
    r"\n        contextElement: elt,|\n        selectOOB: .*": "",
}
# An event that none of our scripts hears need not be told.
TOLD = r"(?<!function )\btrigger(?:Error)?Event\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*?'htmx:([\w:]+)'(?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
HEARD = {"load"}
# A line of its interface or of its settings; what nothing reads any more goes.
SET = r"\n {4,6}(\w+): (?:'[^'\n]*'|[\w.-]+|\[[^\]\n]*\]),?(?=\n)"
# What it keeps of itself, once nothing reads it.
ITSELF = r"(?s)\n    (logger: null|config: \{.*?\n    \}|_: null),"
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
    interface, code = re.split(r"\n    version: .*", source, maxsplit=1)
    interface = replaced(SET, lambda line: line.group() if line[1] in read else "", interface)
    return replaced(ITSELF, "", interface) + code


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
