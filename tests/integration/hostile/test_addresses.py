"""The secret is sent to Mixpanel or to an address its owner set, never to one that a folder or a server names."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina
from support.scripted_server import ScriptedServer, http

from mixpanel_data.cli.app import run

from .conftest import SECRET, USERNAME

Write = Callable[..., None]


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1, cap=True):
        yield


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Makes the working folder one that another user filled, with an address in its settings."""

    def write(url: str, *, secrets: bool = False) -> None:
        folder = tmp_path / "theirs"
        (folder / ".dlt").mkdir(parents=True)
        (folder / ".dlt" / "config.toml").write_text(
            f'[sources.mixpanel]\napi_base_url = "{url}"\ndata_dir = "{tmp_path / "data"}"\n'
        )
        if secrets:
            kept = folder / ".dlt" / "secrets.toml"
            kept.write_text(
                f'[sources.mixpanel.credentials]\nusername = "{USERNAME}"\nsecret = "{SECRET}"\n'
                'project_id = "1"\nregion = "us"\n'
            )
            kept.chmod(0o600)
        monkeypatch.chdir(folder)

    return write


@pytest.fixture
def in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MP_USERNAME": USERNAME, "MP_SECRET": SECRET, "MP_PROJECT_ID": "1", "MP_REGION": "us",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default account in the accounts file."""
    accounts = tmp_path / "accounts"
    accounts.mkdir(mode=0o700)
    path = accounts / "config.toml"
    path.write_text(
        f'default = "mine"\n[accounts.mine]\nusername = "{USERNAME}"\nsecret = "{SECRET}"\n'
        'project_id = "1"\nregion = "us"\n'
    )
    path.chmod(0o600)
    monkeypatch.setenv("MP_CONFIG_PATH", str(path))


ASKING = [
    ["sync", "--from", "2026-03-10", "--to", "2026-03-10", "--no-build"],
    ["query", "segmentation", "Paid", "--from", "2026-03-10", "--to", "2026-03-10"],
    ["inspect", "events"],
    ["fetch", "profiles"],
]


@pytest.mark.parametrize("command", ASKING, ids=[" ".join(words[:2]) for words in ASKING])
@pytest.mark.parametrize("credentials", ["in_environment", "account"])
def test_a_folders_address_gets_no_secret_of_another_source(
    command: list[str],
    credentials: str,
    foreign: Write,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    request.getfixturevalue(credentials)
    with ScriptedServer() as theirs:
        foreign(theirs.base_url)
        code = run(command)

    errors = capsys.readouterr().err
    assert (code, theirs.asked) == (3, []), errors
    assert "127.0.0.1" in errors
    assert "MP_API_BASE_URL" in errors


def test_the_doctor_asks_no_such_address_either(
    in_environment: None, foreign: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer() as theirs:
        foreign(theirs.base_url)
        run(["doctor"])

    assert theirs.asked == []


def test_an_address_counts_once_a_variable_confirms_it(
    in_environment: None, foreign: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as theirs:
        foreign(theirs.base_url)
        monkeypatch.setenv("MP_API_BASE_URL", theirs.base_url)
        run(ASKING[1])

    assert theirs.asked


def test_an_address_counts_for_the_credentials_beside_it(foreign: Write) -> None:
    with ScriptedServer() as ours:
        foreign(ours.base_url, secrets=True)
        run(ASKING[1])

    assert ours.asked


@pytest.mark.parametrize(
    "url", ["http://192.0.2.7:9", "http://mixpanel.example/", "HTTP://127.0.0.1.example"]
)
def test_plain_http_to_another_machine_is_refused(
    url: str, in_environment: None, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MP_API_BASE_URL", url)

    assert run(ASKING[1]) == 3
    assert "MP_ALLOW_HTTP" in capsys.readouterr().err


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("command", ASKING, ids=[" ".join(words[:2]) for words in ASKING])
def test_a_redirect_is_not_followed(
    status: int, command: list[str], in_environment: None, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MP_DATA_DIR", str(tmp_path / "data"))
    with ScriptedServer() as elsewhere:
        answer = http(status, "", Location=f"{elsewhere.base_url}/api/2.0/export")
        with ScriptedServer(*[answer] * 20) as server:
            monkeypatch.setenv("MP_API_BASE_URL", server.base_url)
            code = run(command)

    assert code != 0
    assert server.asked
    assert elsewhere.asked == []
