"""Misbehaviour on demand, down to the bytes on the wire:
``sandbox.faults.add(Fault(FaultKind.CUT_GZIP))``.

``plan`` decides which request is hit; ``middleware`` lets the routes answer and then has the
content damaged (``damage``), compressed badly (``coding``), delivered badly (``delivery``), or
replaced (``replies``).
"""

from mixpanel_data.sandbox.faults.kinds import ENGAGE_KINDS, FaultKind
from mixpanel_data.sandbox.faults.plan import Fault, Faults

__all__ = ["ENGAGE_KINDS", "Fault", "FaultKind", "Faults"]
