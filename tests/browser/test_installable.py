"""Installable: the manifest is whole, its icons exist, and Chromium finds nothing in the way of installing."""

from __future__ import annotations

import io

from PIL import Image

from tests.browser.phone import Phone
from tests.server import Server

# A browser started by a test keeps no apps.
OF_THE_TEST = {"in-incognito"}


def test_the_app_can_be_installed_on_lis_phone(li: Phone, server: Server) -> None:
    li.go("/today")
    devtools = li.context.new_cdp_session(li.page)
    found = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {one["errorId"] for one in found} - OF_THE_TEST == set(), found
    told = devtools.send("Page.getAppManifest")
    assert told["errors"] == []
    manifest = li.page.request.get(told["url"]).json()
    assert manifest["start_url"] == "/today"
    assert manifest["display"] == "standalone"
    assert {one.get("purpose", "any") for one in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        answer = li.page.request.get(li.url + icon["src"])
        assert answer.headers["content-type"] == icon["type"]
        width, height = Image.open(io.BytesIO(answer.body())).size
        assert icon["sizes"] == f"{width}x{height}"
