"""Tools for tests in a real browser, and of what browsers are given. Tests skip without them.

`make .tools/browser` installs them from npm and PyPI; Chromium, Node and Java are the system's.
"""

import atexit
import contextlib
import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread, Timer
from typing import Any

import pytest

from conftest import ROOT

TOOLS = Path(os.environ.get("BOOKPACK_BROWSER_TOOLS", ROOT / ".tools" / "browser")).resolve()
_MODULES = TOOLS / "node_modules"
VALIDATOR = _MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"
LIGHTHOUSE = _MODULES / "lighthouse" / "cli" / "index.js"
LYCHEE = TOOLS / "bin" / "lychee"


def program(*names: str) -> str:
    """Return the first of these programs that the system has, or skip."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"no test of this kind without {names[0]}")
    return found


def tool(path: Path) -> str:
    """Return the place of a tool that `make .tools/browser` installs, or skip."""
    if not path.exists():
        pytest.skip(f"no test of this kind without {path.relative_to(TOOLS)}: make .tools/browser")
    return str(path)


def chromium() -> str:
    """Return Chromium, or skip."""
    return program("chromium", "chromium-browser", "google-chrome")


_FRAME = """
const [tools, chromium] = process.argv.slice(1);
const playwright = require(`${tools}/playwright-core`);
const axe = require("node:fs").readFileSync(`${tools}/axe-core/axe.min.js`, "utf8");
const Script = (async () => {}).constructor;
(async () => {
  const browser = await playwright.chromium.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  const orders = require("node:readline").createInterface({ input: process.stdin });
  for await (const order of orders) {
    const { script, args } = JSON.parse(order);
    let answer;
    try {
      const result = await new Script("browser", "axe", "args", script)(browser, axe, args);
      answer = { result: result ?? null };
    } catch (error) {
      answer = { error: String(error.stack ?? error) };
    }
    for (const context of browser.contexts()) await context.close();
    console.log(JSON.stringify(answer));
  }
  await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
"""
"""Runs one script after another in one browser, each in windows of its own."""


@cache
def _browser() -> "subprocess.Popen[str]":
    """Start the browser that all tests of this process share; it ends with the process."""
    node, place = program("node"), chromium()
    tool(_MODULES / "playwright-core")
    tool(_MODULES / "axe-core")
    process = subprocess.Popen(
        [node, "-e", _FRAME, str(_MODULES), place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    atexit.register(_end, process)
    return process


def _end(process: "subprocess.Popen[str]") -> None:
    assert process.stdin
    assert process.stdout
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.wait()
    process.stdout.close()


def in_browser(script: str, *arguments: str) -> Any:
    """Run `script` in Node, with Playwright and axe at hand, and return the JSON that it gives.

    `script` is the body of an async function of `browser`, `axe` (a program to be evaluated in
    a page) and `args`; what it returns is the result. Skips where something is missing.
    """
    process = _browser()
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps({"script": script, "args": arguments}) + "\n")
    process.stdin.flush()
    patience = Timer(240, process.kill)
    patience.start()
    try:
        answer = process.stdout.readline()
    finally:
        patience.cancel()
    if not answer:
        _browser.cache_clear()
        pytest.fail("The browser has ended, or took more than four minutes.")
    found = json.loads(answer)
    assert "error" not in found, found["error"]
    return found["result"]


@contextmanager
def published(folder: Path) -> Iterator[str]:
    """Serve `folder` as a host of static pages would, compressed, and give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Host, directory=str(folder)))
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Host(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        place = Path(self.translate_path(self.path))
        place = place / "index.html" if place.is_dir() else place
        found = place.is_file()
        data = place.read_bytes() if found else b"Nothing is here."
        kind = self.guess_type(str(place)) if found else "text/plain"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", kind)
        if kind.startswith(("text/", "application/j")) or kind.endswith("xml"):
            data = gzip.compress(data, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Cache-Control", "max-age=31536000")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
