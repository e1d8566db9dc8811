"""A page of marimo with everything that it loads in it."""

import base64
import json
import re
import zlib
from pathlib import Path

import pytest

from mixpanel_data._internal.dashboard.single_file import frontend_folder, single_file
from mixpanel_data.exceptions import ConfigError

CDN = "https://cdn.jsdelivr.net/npm/@marimo-team/frontend@0.25.2/dist"
PAGE = f"""<html><head><link rel="icon" href="{CDN}/favicon.ico" />
<script type="module" crossorigin src="{CDN}/assets/index-a1.js"></script>
<link rel="stylesheet" crossorigin href="{CDN}/assets/index-a1.css"></head><body><p>boards</p></body></html>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "index-a1.js").write_text(
        'import{t as e}from"./preload-helper-b2.js";e(()=>import(`./later-c3.js`),[],import.meta.url)'
    )
    (assets / "preload-helper-b2.js").write_text("var n=1;export{n as t};")
    (assets / "later-c3.js").write_text('import "./index-a1.js"; fetch("./later-c3.js")')
    (assets / "unused-d4.js").write_text("")
    (assets / "index-a1.css").write_text("p{src:url(./f.woff2) url(f.ttf) url(data:,x) url(#a)}")
    (assets / "f.woff2").write_bytes(b"font")
    (assets / "f.ttf").write_bytes(b"older font")
    return tmp_path


def test_modules_are_in_the_page_by_name(folder: Path) -> None:
    page = single_file(PAGE, folder)
    packed = re.search(r'id="mp-modules">([^<]+)<', page)
    assert packed
    modules = json.loads(zlib.decompress(base64.b64decode(packed[1])))

    assert modules == {
        "index-a1.js": 'import{t as e}from"marimo/preload-helper-b2.js";'
        "e(()=>import(`marimo/later-c3.js`),[],document.baseURI)",
        "preload-helper-b2.js": "const load = run => run(); export {load as t};",
        "later-c3.js": 'import "marimo/index-a1.js"; fetch("./later-c3.js")',
    }
    assert 'import "marimo/index-a1.js"' in page
    assert "https://" not in page
    assert page.count("<p>boards</p>") == 1


def test_styles_are_in_the_page_with_their_fonts(folder: Path) -> None:
    assert "p{src:url(data:font/woff2;base64,Zm9udA==) url(data:,) url(data:,x) url(#a)}" in (
        single_file(PAGE, folder)
    )


@pytest.mark.parametrize("page", ["<html></html>", PAGE.replace("index-a1.js", "index-z9.js")])
def test_a_page_of_another_form_is_refused(folder: Path, page: str) -> None:
    with pytest.raises(ConfigError, match=r"mixpanel-data\[dashboard\]"):
        single_file(page, folder)


def test_the_installed_marimo_has_the_form(folder: Path) -> None:
    """Its own page, with the addresses that `marimo export html` puts into it."""
    page = (frontend_folder() / "index.html").read_text().replace('"./', f'"{CDN}/')

    [entry] = re.findall(r'<script type="module" crossorigin src="[^"]*/assets/([\w.-]+)"', page)
    assert (frontend_folder() / "assets" / entry).is_file()
    assert len(list((frontend_folder() / "assets").glob("preload-helper-*.js"))) == 1
