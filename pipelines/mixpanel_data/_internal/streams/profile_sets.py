"""The sets of profiles that can be fetched, and one read of a set."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mixpanel_data._internal.streams.event_filter import UNFILTERED

ProfileKind = Literal["profiles", "group_profiles"]


@dataclass(frozen=True)
class ProfileSet:
    """The user profiles, or the group profiles of one group key."""

    group_key: str = ""
    """The event property with the group's id; empty for user profiles."""
    data_group_id: str | None = None
    """The id of the group key in Mixpanel's engage API [docs/mixpanel-facts.md, 11.7]."""

    def __str__(self) -> str:
        return f"{self.group_key} profiles" if self.group_key else "profiles"

    @property
    def kind(self) -> ProfileKind:
        """The raw table of these profiles, and their fetch type in the ledger."""
        return "group_profiles" if self.group_key else "profiles"

    @property
    def whole(self) -> str:
        """The filter hash of a complete read. Another ``data_group_id`` of the same key is another
        set."""
        return f"{self.group_key}={self.data_group_id}" if self.group_key else UNFILTERED

    @property
    def part(self) -> str:
        """The filter hash of an incremental read."""
        return f"{self.whole} last_seen" if self.group_key else "last_seen"


USERS = ProfileSet()


def profile_sets(groups: Mapping[str, str]) -> list[ProfileSet]:
    """Return the set of user profiles, then one set for each group key in ``groups``.

    ``groups`` maps each group key to its ``data_group_id``.
    """
    return [USERS, *(ProfileSet(key, number) for key, number in groups.items())]


@dataclass(frozen=True)
class ProfileRead:
    """One read to make: a complete snapshot, or the profiles seen since a moment (naive UTC)."""

    of: ProfileSet = USERS
    since: datetime | None = None

    @property
    def where(self) -> str | None:
        """The filter expression. ``$last_seen`` is UTC without a zone, in seconds
        [docs/mixpanel-facts.md, 6]."""
        if self.since is None:
            return None
        # Mixpanel compares texts here, so the format must be that of the property.
        return f'properties["$last_seen"] >= "{self.since:%Y-%m-%dT%H:%M:%S}"'

    @property
    def cohort_id(self) -> int | None:
        """The saved cohort to read; None for all profiles."""
        return None

    @property
    def filter_hash(self) -> str:
        """The filter hash as the ledger stores it."""
        return self.of.whole if self.since is None else self.of.part
