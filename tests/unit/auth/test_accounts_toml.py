"""Edits of the accounts file: what a person wrote there stays, and what comes out says what was meant."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_data._internal.auth.accounts_toml import (
    MalformedAccountsError,
    account_fields,
    parse_accounts,
    with_account,
    with_default,
    without_account,
)

FIELDS = {"username": "u", "secret": "s", "project_id": "1", "region": "us"}

COMMENTED = """\
# The team's accounts. Ask Ada before you change them.
default = "prod"  # never dev

# the real one
[accounts.prod]
username = "sa_prod"  # made in May
secret = "s1"
project_id = "1"
region = "us"
# expires in 2027

# for trying out
[accounts."de.v"]
username = "sa_dev"
secret = "s2"
project_id = "2"
region = "eu"

[theirs]
color = "blue"  # not ours, stays
"""


def comments(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


def test_adding_changes_nothing_above() -> None:
    assert with_account(COMMENTED, "new", FIELDS).startswith(COMMENTED)


def test_another_default_changes_one_word() -> None:
    assert with_default(COMMENTED, "de.v") == COMMENTED.replace(
        '"prod"  # never', '"de.v"  # never'
    )


def test_removing_takes_the_account_and_leaves_the_comments_of_the_next() -> None:
    without = without_account(COMMENTED, "prod")

    assert comments(without) == [c for c in comments(COMMENTED) if c != " made in May"]
    assert without.index("# for trying out") < without.index('[accounts."de.v"]')
    assert parse_accounts(without)["accounts"] == {
        "de.v": parse_accounts(COMMENTED)["accounts"]["de.v"]
    }
    assert parse_accounts(without)["theirs"] == {"color": "blue"}


def test_crlf_files_stay_crlf() -> None:
    text = COMMENTED.replace("\n", "\r\n")

    assert with_default(text, "de.v").count("\r\n") == text.count("\r\n")
    assert with_account(text, "new", FIELDS).startswith(text.rstrip())


def test_a_first_default_goes_above_the_tables() -> None:
    assert parse_accounts(with_default("# mine\n\n[accounts.a]\nx = 1\n", "a"))["default"] == "a"


@pytest.mark.parametrize(
    "unusual",
    [
        'accounts = {prod = {username = "u"}}\n',
        'accounts.prod.username = "u"\n',
        '[accounts]\nprod = {username = "u"}\n',
    ],
)
def test_an_unusual_layout_is_refused_instead_of_guessed_at(unusual: str) -> None:
    with pytest.raises(MalformedAccountsError, match="by hand"):
        without_account(unusual, "prod")


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
values = st.text(st.characters(exclude_categories=["Cs"]))
accounts = st.dictionaries(names, st.fixed_dictionaries(dict.fromkeys(FIELDS, values)), max_size=4)


@given(accounts, st.data())
def test_any_names_and_values_survive_adding_removing_and_choosing(
    wanted: dict[str, dict[str, str]], data: st.DataObject
) -> None:
    text = "# first line\n"
    for name, fields in wanted.items():
        text = with_account(text, name, fields)
    written = tomllib.loads(text).get("accounts", {})
    assert {name: account_fields(account) for name, account in written.items()} == wanted

    for name in data.draw(st.permutations(list(wanted))):
        text = with_default(text, name)
        assert parse_accounts(text)["default"] == name
        text = with_default(without_account(text, name), None)

    left: dict[str, Any] = parse_accounts(text)
    assert left == {"accounts": {}}
    assert text.startswith("# first line\n")
