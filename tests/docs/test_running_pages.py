"""Pages are compared with what commands print: other words fail, other days and near numbers don't."""

import pytest
from support.pages import Block, Command, Shell, blocks, commands, differs


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("Loaded 62,905 events.", "Loaded 63,001 events."),
        ("…\nDone 2026-01-01", "one\ntwo\n\nDone 2026-11-30\n"),
        ("…\nDone", "Done"),
        (" n\n ───\n 5", "\n n   \n ────────\n   6   \n\n"),
        ("Published …/data/x.duckdb …", "Published /home/a/data/x.duckdb (1.0 MB): a 1."),
    ],
)
def test_the_same_words_are_equal(shown, printed):
    assert differs(shown, printed) == ""


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("Loaded 62,905 events.", "Loaded 905 events."),
        ("Loaded 62,905 events.", "Loaded no events."),
        ("Done", "one\nDone"),
        ("Done", "Done\none"),
        ("5", "2026-11-30"),
        ("a…c", "b"),
    ],
)
def test_other_words_and_far_numbers_are_not(shown, printed):
    assert differs(shown, printed)


def test_blocks_and_commands():
    text = 'x\n```console\n$ a\nb\n$ c\n```\n```toml title="f, at the end"\nk = 1\n```\n'

    first, second = blocks(text)

    assert list(commands(first.body)) == [Command("a", ("b",)), Command("c", ())]
    assert second == Block("toml", "f, at the end", "k = 1\n")


def test_a_shell_keeps_its_folder_its_variables_and_its_exit_code(tmp_path):
    (tmp_path / "sub").mkdir()
    shell = Shell(tmp_path, {"PATH": "/usr/bin:/bin"})
    try:
        shell.run("cd sub; X=5")
        assert shell.folder() == tmp_path / "sub"
        assert shell.run("echo $X; cat") == ("5\n", 0)
        assert shell.run("false") == ("", 1)
        assert shell.run("echo $?") == ("1\n", 0)
    finally:
        shell.close()
