"""Faults on demand, down to the bytes sent: ``sandbox.faults.add(Fault(FaultKind.CUT_GZIP))``.

``plan`` selects the request; ``middleware`` lets the routes respond and then damages the content
(``damage``), its compression (``coding``) or its delivery (``delivery``), or replaces it
(``replies``).
"""

from mixpanel_data.sandbox.faults.kinds import ENGAGE_KINDS, FaultKind
from mixpanel_data.sandbox.faults.plan import Fault, Faults

__all__ = ["ENGAGE_KINDS", "Fault", "FaultKind", "Faults"]
