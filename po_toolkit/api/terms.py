"""The domain's terms that front ends show and ask by: acts, roles, statuses, ages, deliveries."""

from po_toolkit.domain.ageing import BUCKET_LABELS, Bucket
from po_toolkit.domain.deliveries import WAYS, way_label
from po_toolkit.domain.discrepancies import DISCREPANCY_CLASSES, DISCREPANCY_TITLES
from po_toolkit.domain.harmless import harmless
from po_toolkit.domain.reminders import step_label
from po_toolkit.domain.roles import STRIPE, Act, Actor, Role, require, role_of
from po_toolkit.domain.sums import Status
from po_toolkit.domain.translations import APP, catalogue, languages, phrase
from po_toolkit.domain.wording import (
    STATUS_LABELS,
    count,
    label,
    named_rows,
    person,
    sentence,
    written_day,
)

__all__ = [
    "APP",
    "BUCKET_LABELS",
    "DISCREPANCY_CLASSES",
    "DISCREPANCY_TITLES",
    "STATUS_LABELS",
    "STRIPE",
    "WAYS",
    "Act",
    "Actor",
    "Bucket",
    "Role",
    "Status",
    "catalogue",
    "count",
    "harmless",
    "label",
    "languages",
    "named_rows",
    "person",
    "phrase",
    "require",
    "role_of",
    "sentence",
    "step_label",
    "way_label",
    "written_day",
]
