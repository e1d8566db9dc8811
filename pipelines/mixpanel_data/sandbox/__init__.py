"""A loopback server with Mixpanel's read API over a sample data set, and with faults on demand.

``with Sandbox(Dataset.sample()) as sandbox:`` serves an invented shop: its exports, its profiles,
and the reports that Mixpanel computes over them. ``sandbox.env()`` configures `mp` for it. It is
written from Mixpanel's documentation alone, never from this project's client, so that each can
reveal errors of the other.
"""

from mixpanel_data.sandbox.dataset import Dataset
from mixpanel_data.sandbox.faults import ENGAGE_KINDS, Fault, FaultKind
from mixpanel_data.sandbox.project import SandboxCredentials
from mixpanel_data.sandbox.records import Event, Profile
from mixpanel_data.sandbox.sandbox import Sandbox
from mixpanel_data.sandbox.serve import serve, summary

__all__ = [
    "ENGAGE_KINDS",
    "Dataset",
    "Event",
    "Fault",
    "FaultKind",
    "Profile",
    "Sandbox",
    "SandboxCredentials",
    "serve",
    "summary",
]
