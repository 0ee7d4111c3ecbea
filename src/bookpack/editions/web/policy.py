"""What a page may load and run: its content security policy.

https://www.w3.org/TR/CSP3/. The page's own needs are the least: its style sheet and its script.
What the author wrote as raw HTML is the author's to decide, and is allowed by name and hash.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from bookpack.editions.web.theme import EARLY_SCRIPT, script_hash

_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.S | re.I)
_SOURCE = re.compile(r"\ssrc\s*=\s*[\"']?([^\s\"'>]+)", re.I)
_DATA_BLOCK = re.compile(r"\stype\s*=\s*[\"']?application/(?:ld\+)?json", re.I)


def policy(
    markup: str = "", features: Iterable[str] = (), extra_scripts: Iterable[str] = ()
) -> str:
    """Return the policy of a page whose text is `markup` and needs `features`.

    `extra_scripts` are inline scripts that its template brings along.
    """
    needs = set(features)
    scripts = ["'self'", *map(script_hash, (EARLY_SCRIPT, *extra_scripts))]
    if "search" in needs:
        scripts.append("'wasm-unsafe-eval'")  # what looks into the index is WebAssembly
    if "script" in needs:
        scripts += _author_scripts(markup)
    # An attribute cannot be allowed by hash in every browser; who writes one wants it to count.
    styles = ["'self'", "'unsafe-inline'"] if needs & {"style", "diagram"} else ["'self'"]
    frames = "'self' https:" if "iframe" in needs else "'none'"
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {' '.join(dict.fromkeys(scripts))}",
            f"style-src {' '.join(styles)}",
            "img-src 'self' data: https: http:",
            "media-src 'self' https:",
            f"frame-src {frames}",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self' https:",
        ]
    )


def _author_scripts(markup: str) -> Iterable[str]:
    for attributes, script in _SCRIPT.findall(markup):
        source = _SOURCE.search(attributes)
        if source is None:
            if not _DATA_BLOCK.search(attributes):
                yield script_hash(script)
            continue
        parts = urlsplit(source[1])
        if parts.scheme in ("http", "https") and not re.search(r"[;,\s]", source[1]):
            yield f"{parts.scheme}://{parts.netloc}{parts.path}"
