"""A loopback server that speaks Mixpanel's read API over a sample data set, and misbehaves when
told to.

``with Sandbox(Dataset.sample()) as sandbox:`` serves an invented shop, its exports and profiles and
the reports Mixpanel computes over them; ``sandbox.env()`` points `mp` at it. It is written from
Mixpanel's documentation alone, never from this project's client, so that each can find the other
wrong.
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
