"""Puts what a page of marimo loads into the page itself, so that one file opens without a network.

`marimo export html` writes a page whose scripts and styles are on a CDN. The same files are in the
installed package. Browsers load no module of another file from a disk, so the modules are kept in
the page, compressed; a script makes addresses for them, which an import map names.
"""

import base64
import json
import re
import zlib
from importlib.util import find_spec
from pathlib import Path

from mixpanel_data.exceptions import ConfigError

_CDN = re.compile(r"https://cdn\.jsdelivr\.net/npm/@marimo-team/frontend@[^/\"]+/dist")
_ENTRY = re.compile(r'<script type="module" crossorigin src="[^"]*/assets/([\w.-]+)"></script>')
_IMPORT = re.compile(r"""(from|import|import\()(\s*)(["'`])\./([\w.-]+\.js)\3""")
_URL = re.compile(r"url\(([^)]+)\)")
_PRELOADER = re.compile(r"export\{\w+ as (\w+)\}")
_TYPES = {".woff2": "font/woff2", ".png": "image/png", ".svg": "image/svg+xml"}
_BOOT = """
<script type="text/plain" id="mp-modules">{modules}</script>
<script>
(async () => {{
  const packed = document.getElementById("mp-modules").textContent;
  const bytes = Uint8Array.from(atob(packed), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const imports = {{}};
  for (const [name, code] of Object.entries(JSON.parse(await new Response(stream).text())))
    imports["marimo/" + name] = URL.createObjectURL(new Blob([code], {{type: "text/javascript"}}));
  const add = (type, text) =>
    document.head.append(Object.assign(document.createElement("script"), {{type, textContent: text}}));
  add("importmap", JSON.stringify({{imports}}));
  add("module", 'import "marimo/{entry}"');
}})();
</script>
"""


def frontend_folder() -> Path:
    """Return the folder of the installed marimo's page. Raise ConfigError if it is not there."""
    spec = find_spec("marimo")
    folder = Path(spec.origin).parent / "_static" if spec and spec.origin else None
    if folder is None or not (folder / "assets").is_dir():
        raise ConfigError("The installed marimo has no page: reinstall it.")
    return folder


def single_file(page: str, folder: Path) -> str:
    """Return ``page``, which `marimo export html` wrote, with the assets of ``folder`` in it.

    Raises:
        ConfigError: if the page has another form, as that of another version of marimo may have.
    """
    entry = _ENTRY.search(page)
    if entry is None or not (folder / "assets" / entry[1]).is_file():
        raise ConfigError(
            "This version of marimo writes pages of another form: pip install 'mixpanel-data[dashboard]'."
        )
    assets = folder / "assets"
    packed = zlib.compress(json.dumps(_modules(assets, entry[1])).encode(), 6)
    boot = _BOOT.format(modules=base64.b64encode(packed).decode(), entry=entry[1])
    page = page.replace(entry[0], "")
    # Links to what is in the page now, and to icons.
    page = re.sub(rf"<link [^>]*{_CDN.pattern}[^>]*>", "", page)
    # marimo copies the style sheets with this attribute into its elements.
    styles = f'<style data-vite-dev-id="marimo">{_styles(assets)}</style>'
    head, body = page.index("</head>"), page.rindex("</body>")
    return page[:head] + styles + page[head:body] + boot + page[body:]


def _modules(assets: Path, entry: str) -> dict[str, str]:
    """Return the modules that ``entry`` imports, at once or later, by their names."""
    found: dict[str, str] = {}
    missing = [entry]
    while missing:
        name = missing.pop()
        path = assets / name
        if name in found or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        missing += [match[4] for match in _IMPORT.finditer(text)]
        found[name] = _module(name, text)
    return found


def _module(name: str, text: str) -> str:
    preloader = _PRELOADER.search(text)
    if name.startswith("preload-helper") and preloader:
        # It would load style sheets and modules ahead, by their addresses.
        return f"const load = run => run(); export {{load as {preloader[1]}}};"
    # A module made in the page has no folder, so that its imports are by name.
    text = _IMPORT.sub(r"\1\2\3marimo/\4\3", text)
    return text.replace("import.meta.url", "document.baseURI")


def _styles(assets: Path) -> str:
    return "\n".join(
        _URL.sub(lambda match: _inlined(match, assets), path.read_text(encoding="utf-8"))
        for path in sorted(assets.glob("*.css"))
    )


def _inlined(match: re.Match[str], assets: Path) -> str:
    address = match[1].strip("\"'")
    path = assets / re.split("[?#]", address.removeprefix("./"))[0]
    if address.startswith(("data:", "#")) or not path.is_file():
        return match[0]
    if path.suffix not in _TYPES:  # older forms of the same font
        return "url(data:,)"
    data = base64.b64encode(path.read_bytes()).decode()
    return f"url(data:{_TYPES[path.suffix]};base64,{data})"
