"""Every mail as files to look at: as it is sent, and on one page at two widths in both schemes."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from functions.notifications.channels.email.rendering import JinjaRenderer
from ops.mail.samples import SAMPLES

_WIDE, _PHONE = 800, 400
# A mail follows its reader's scheme; on the page each frame must show one of them, whatever the
# browser prefers.
_QUERY = "@media (prefers-color-scheme: dark)"
_SCHEMES = {"light": "@media not all", "dark": "@media all"}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mails</title>
<style>
  body {{ margin: 0; padding: 24px; background: #d7dce2; color: #1f2933; font: 15px/1.5 sans-serif; }}
  h1 {{ margin: 0 0 8px; }} h2 {{ margin: 40px 0 8px; font-size: 20px; }}
  .row {{ display: flex; gap: 16px; overflow-x: auto; padding-bottom: 8px; }}
  figure {{ margin: 0; flex: none; }} figcaption {{ margin-bottom: 4px; }}
  iframe {{ border: 1px solid #9aa5b1; height: 640px; background: #fff; display: block; }}
</style>
</head>
<body>
<h1>Mails</h1>
<p>{contents}</p>
{sections}
</body>
</html>
"""


def write(folder: Path, *, shop_name: str, currency: str) -> list[Path]:
    """Render every sample into the folder, and ``index.html`` to look at all of them.

    Nothing in it is loaded from anywhere else. What was written, the index last.
    """
    renderer = JinjaRenderer(shop_name=shop_name, currency=currency)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (template, data) in SAMPLES.items():
        html, text = renderer.render(template, data)
        for suffix, content in _files(html, text):
            path = folder / f"{name}{suffix}"
            path.write_text(content, encoding="utf-8")
            written.append(path)
    index = folder / "index.html"
    index.write_text(_index(), encoding="utf-8")
    return [*written, index]


def _files(html: str, text: str) -> Iterator[tuple[str, str]]:
    yield ".html", html
    yield ".txt", text
    for scheme, query in _SCHEMES.items():
        yield f".{scheme}.html", html.replace(_QUERY, query)


def _index() -> str:
    names = [escape(name) for name in SAMPLES]
    contents = " · ".join(f'<a href="#{name}">{name}</a>' for name in names)
    return _PAGE.format(contents=contents, sections="\n".join(map(_section, names)))


def _section(name: str) -> str:
    frames = "\n".join(
        f"<figure><figcaption>{width} px, {scheme}</figcaption>"
        f'<iframe src="{name}.{scheme}.html" width="{width}" loading="lazy"'
        f' title="{name}, {width} px, {scheme}"></iframe></figure>'
        for scheme in _SCHEMES
        for width in (_WIDE, _PHONE)
    )
    links = f'<a href="{name}.html">as sent</a> · <a href="{name}.txt">text part</a>'
    return f'<h2 id="{name}">{name}</h2>\n<p>{links}</p>\n<div class="row">\n{frames}\n</div>'
