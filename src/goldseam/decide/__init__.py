"""Stage 4: what may be done about a finding. Pure.

Every layer (the finding itself, exemptions, policies, the control's disruption, ownership, precedent, limits, windows)
gives an opinion: the most that it would allow, and the lines that say why. The most careful opinion is the decision,
so no layer can ever loosen another; with no policy that speaks, it is to leave the finding alone (law 10).
"""

from goldseam.decide.case import Circumstances, Layer, Precedent, TraceLine, Usage, fact_shown
from goldseam.decide.decision import Decision, decide
from goldseam.decide.exemption import Exemption, Lapse, exempted, held, lapsed, marked, with_known_controls
from goldseam.decide.opinions import REPAIRS_BEFORE_STOP, least_limits
from goldseam.decide.ownership import MANAGED_BY
from goldseam.decide.policy import settings_of

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
    "fact_shown",
    "held",
    "lapsed",
    "least_limits",
    "marked",
    "settings_of",
    "with_known_controls",
]
