"""A real Chromium on a real server: no page may complain in its console, nor fetch anything from elsewhere."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

# Playwright runs its loop in the thread of the tests, which use the ORM between two of its steps, never during one.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"
#: A host name the site does not know, that leads to it all the same.
FOREIGN_HOST = "ailleurs.example"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {FOREIGN_HOST} 127.0.0.1",
]

#: What Chromium says of any page answered with an error, and of any page in plain HTTP that is not on this machine.
EXPECTED = ("Failed to load resource", "The Cross-Origin-Opener-Policy header has been ignored")

Open = Callable[..., Page]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call" and report.failed:
        for number, page in enumerate(getattr(item, "open_pages", [])):
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            name = re.sub(r"[^\w-]+", "-", item.nodeid.partition("::")[2])
            page.screenshot(path=SCREENSHOTS / f"{name}-{number}.png", full_page=True)
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of the system; none is ever downloaded."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(request: pytest.FixtureRequest, chromium: Browser, live_server: LiveServer) -> Iterator[Open]:
    """Open a page in a browser of its own: `visit("/")`, `visit("/", width=360, java_script_enabled=False)`.

    At the end of the test no page may have written in its console (violations of our CSP are written there), thrown
    an error, or fetched anything from another host.
    """
    contexts: list[BrowserContext] = []
    request.node.open_pages = pages = []
    complaints: list[str] = []

    def open_page(path: str = "/", *, width: int = 1280, **options: Any) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            locale="fr-FR",
            timezone_id="Europe/Paris",
            viewport={"width": width, "height": 900},
            **options,
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        pages.append(page)
        _listen(page, live_server.url, complaints)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    if complaints:
        pytest.fail("\n".join(complaints))


def _listen(page: Page, home: str, complaints: list[str]) -> None:
    def console(message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            complaints.append(f"{page.url}: {message.text}")

    def response(answer: Any) -> None:
        if answer.status >= 400 and answer.request.resource_type != "document":
            complaints.append(f"{page.url}: {answer.status} for {answer.url}")

    def asked(sent: Any) -> None:
        if not sent.url.startswith((home, f"http://{FOREIGN_HOST}:", "data:")):
            complaints.append(f"{page.url}: fetches {sent.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("response", response)
    page.on("request", asked)


@pytest.fixture(scope="session")
def accessible() -> Callable[[Page], None]:
    """Fails with what axe-core finds in a page, rule by rule."""
    axe = Axe()

    def check(page: Page) -> None:
        # The lists with a search that Django's admin draws have a label that axe-core does not find (select2).
        # Preloading would have axe-core itself apply inline styles, which our CSP refuses.
        answer = axe.run(page, context={"exclude": [".select2"]}, options={"preload": False})
        violations = answer.response["violations"]
        found = [f"{v['id']}: {', '.join(str(node['target']) for node in v['nodes'])}" for v in violations]
        if found:
            raise AssertionError("\n".join([page.url, *found]))

    return check
