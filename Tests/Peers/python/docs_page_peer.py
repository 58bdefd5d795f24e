#!/usr/bin/env python3
"""The page at /docs in headless Chromium, as a person uses it: light and dark, on a desk and on a phone.

    docs_page_peer.py PORT --customer ID [--screenshots FOLDER] [--only TEXT]

axe-core (https://github.com/dequelabs/axe-core) says what keeps people out; the package axe-playwright-python brings it.
"""
import argparse
import json
import pathlib
import re
import shutil
import sys
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

import checks
from checks import check, ensure, equal

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
LOOKS = [(scheme, name, size) for scheme in ("light", "dark") for name, size in (("desk", DESK), ("phone", PHONE))]
options = None
browser = None


class Page:
    """The page, opened, with every request and every fault that it made."""

    def __init__(self, scheme="light", size=DESK):
        self.context = browser.new_context(color_scheme=scheme, viewport=size, has_touch=size is PHONE)
        self.requests, self.faults = [], []
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def __enter__(self):
        self.page.goto(f"{options.origin}/docs")
        self.page.wait_for_selector("#routes details")
        return self

    def __exit__(self, kind, *_):
        self.context.close()
        if kind is None:
            equal(self.faults, [], "faults of the page's script")
            elsewhere = [url for url in self.requests if not url.startswith((options.origin + "/", "data:"))]
            equal(elsewhere, [], "requests to elsewhere")

    def card(self, path, method):
        """The card of an operation, opened by a click."""
        card = self.page.locator(f"details:has(summary code:text-is('{path}')):has(summary .method.{method})")
        equal(card.count(), 1, f"cards of {method} {path}")
        card.locator("summary").click()
        return card

    def send(self, card):
        """Presses the button; what the page shows of the answer."""
        card.get_by_role("button", name="Send").click()
        status = card.locator(".status")
        status.wait_for()
        texts = card.locator("pre")
        return status.inner_text(), texts.nth(0).inner_text(), texts.nth(1).inner_text()

    def open_all(self):
        self.page.evaluate("document.querySelectorAll('details').forEach(card => card.open = true)")


def get(path):
    with urllib.request.urlopen(options.origin + path, timeout=60) as answer:
        return answer.read().decode()


@check("the page lists every operation of the description")
def _():
    document = json.loads(get("/openapi.json"))
    described = sorted((method.upper(), path) for path, item in document["paths"].items() for method in item)
    with Page() as page:
        found = page.page.evaluate(
            """[...document.querySelectorAll("summary")].map(one =>
                [one.querySelector(".method").textContent, one.querySelector("code").textContent])"""
        )
        equal(sorted(map(tuple, found)), described, "operations")


@check("a call is tried by its button, and the answer is that of any other client")
def _():
    path = f"/v1/customers/{options.customer}/prediction"
    for _, name, size in LOOKS[:2]:
        with Page(size=size) as page:
            card = page.card("/v1/customers/{customer}/prediction", "get")
            card.get_by_label(re.compile("^customer ")).fill(str(options.customer))
            status, shown, curl = page.send(card)
            ensure(status.startswith("200 "), f"{name}: {status}")
            answer = get(path)
            # A long number is shown as it came, and not rounded.
            equal("".join(shown.split()), "".join(answer.split()), f"{name}: answer")
            ensure(f"'{options.origin}{path}'" in curl, f"{name}: {curl}")
            ensure(options.origin + path in page.requests, "the call was not made")


@check("a body is sent as it stands, an error is shown as one")
def _():
    with Page() as page:
        card = page.card("/predict_churn", "post")
        body = json.loads(card.locator("textarea").input_value())
        status, shown, _ = page.send(card)
        ensure(status.startswith("200 ") and "churn_probability" in shown, f"{status}: {shown}")
        request = urllib.request.Request(
            f"{options.origin}/predict_churn", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            equal("".join(shown.split()), "".join(answer.read().decode().split()), "answer")
        card.locator("textarea").fill('{"Frequency": "many"}')
        card.get_by_role("button", name="Send").click()
        card.locator(".status.bad").wait_for()
        ensure(card.locator(".status").inner_text().startswith("422 "), card.locator(".status").inner_text())
        card = page.card("/v1/customers/{customer}/prediction", "get")
        card.get_by_label(re.compile("^customer ")).fill("0")
        status, shown, _ = page.send(card)
        ensure(status.startswith("404 ") and "customer 0 is not known" in shown, f"{status}: {shown}")


@check("the keyboard alone reaches a call and sends it")
def _():
    with Page() as page:
        keys = page.page.keyboard
        page.page.locator("body").focus()
        for _ in range(60):
            keys.press("Tab")
            focused = page.page.evaluate("document.activeElement.closest('summary')?.querySelector('code').textContent ?? ''")
            if focused == "/livez":
                break
        equal(focused, "/livez", "what Tab reaches")
        keys.press("Enter")
        keys.press("Tab")
        equal(page.page.evaluate("document.activeElement.textContent"), "Send", "behind it")
        keys.press("Enter")
        status = page.page.locator("details[open] .status")
        status.wait_for()
        ensure(status.inner_text().startswith("200 "), status.inner_text())


@check("nothing is wider than the page, with every card open and an answer in one")
def _():
    for scheme, name, size in LOOKS:
        with Page(scheme, size) as page:
            page.open_all()
            card = page.page.locator("details:has(summary code:text-is('/v1/models'))")
            page.send(card)
            wide, room = page.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            ensure(wide <= room, f"{name}, {scheme}: {wide} pixels wide in {room}")
            if options.screenshots:
                file = pathlib.Path(options.screenshots, f"docs-{name}-{scheme}.png")
                page.page.screenshot(path=str(file), full_page=True)


@check("light and dark are two looks")
def _():
    def colours(scheme):
        with Page(scheme) as page:
            return page.page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")

    light, dark = colours("light"), colours("dark")
    equal(light[1], "rgb(255, 255, 255)", "the light page")
    ensure(light[0] != dark[0] and light[1] != dark[1], f"{light} and {dark}")


@check("axe-core has no serious finding, with every card open and an answer in one")
def _():
    found = []
    for scheme, name, size in LOOKS:
        with Page(scheme, size) as page:
            page.open_all()
            page.send(page.page.locator("details:has(summary code:text-is('/livez'))"))
            response = Axe().run(page.page).response
            ensure(response["passes"], "axe-core has checked nothing")
            for violation in response["violations"]:
                nodes = [node["html"] for node in violation["nodes"][:3]]
                found.append((name, scheme, violation["impact"], violation["id"], nodes))
    equal([one for one in found if one[2] in ("serious", "critical")], [], "serious findings")
    return f"{len(found)} lesser findings" + "".join(f"; {one[3]} ({one[2]})" for one in found[:3])


def main():
    global browser, options
    parser = argparse.ArgumentParser(description="the page at /docs of a churn server, in Chromium")
    parser.add_argument("port", type=int)
    parser.add_argument("--customer", type=int, required=True, help="a customer of the server's store")
    parser.add_argument("--screenshots", help="a folder to put pictures of the page in")
    parser.add_argument("--only", default="", help="run the checks with this text in their names")
    options = parser.parse_args()
    options.origin = f"http://127.0.0.1:{options.port}"
    program = shutil.which("chromium")
    if not program:
        sys.exit("error: there is no chromium; apt-get install chromium")
    with sync_playwright() as playwright:
        # Chromium's own sandbox is not to be had within most containers.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            checks.run(options.only)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
