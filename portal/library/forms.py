"""What the forms about material have in common."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.library.models import ResourceKind

KIND_NAMES = {
    ResourceKind.MANUAL: _l("Manual and handbook"),
    ResourceKind.CHECKLIST: _l("Checklist"),
    ResourceKind.TRAINING: _l("Training material"),
    ResourceKind.TEMPLATE: _l("Template"),
    ResourceKind.REPORT: _l("Report"),
    ResourceKind.INFORMATION: _l("Information"),
    ResourceKind.OTHER: _l("Other"),
}
