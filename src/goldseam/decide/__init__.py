"""Stage 4: what may be done about a finding. Pure.

Of the user's policies the first that applies decides; with none that applies, the finding is left alone (law 10).
Every other layer (the finding itself, exemptions, guardrails, the control's disruption, ownership, precedent, limits,
windows) gives an opinion: the most that it would allow, and the lines that say why. The most careful of all is the
decision, so no layer can ever loosen another.
"""

from goldseam.decide.case import Circumstances, Layer, Precedent, TraceLine, Usage, fact_shown
from goldseam.decide.decision import Decision, decide
from goldseam.decide.exemption import Exemption, Lapse, exempted, held, lapsed, marked, with_known_controls
from goldseam.decide.opinions import REPAIRS_BEFORE_STOP, least_limits
from goldseam.decide.policy import MANAGED_BY, settings_of
from goldseam.decide.wording import explain_decision

__all__ = [
    "MANAGED_BY",
    "REPAIRS_BEFORE_STOP",
    "Circumstances",
    "Decision",
    "Exemption",
    "Lapse",
    "Layer",
    "Precedent",
    "TraceLine",
    "Usage",
    "decide",
    "exempted",
    "explain_decision",
    "fact_shown",
    "held",
    "lapsed",
    "least_limits",
    "marked",
    "settings_of",
    "with_known_controls",
]
