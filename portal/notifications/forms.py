"""Forms about when people are written to."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import Field, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from portal.fields import Form
from portal.notifications.habits import Hours

_NEVER = -1
_CLOCK = [SelectChoice(hour, f"{hour:02}.00") for hour in range(24)]
_DAYS = (_l("Monday"), _l("Tuesday"), _l("Wednesday"), _l("Thursday"), _l("Friday"), _l("Saturday"), _l("Sunday"))


class HoursForm(Form):
    """The hours of gathered mail, and those when nothing is sent."""

    hour = SelectField(_l("Mail of the day and of the week comes at"), coerce=int, choices=_CLOCK)
    weekday = SelectField(
        _l("Mail of the week comes on"), coerce=int, choices=[SelectChoice(n, day) for n, day in enumerate(_DAYS)]
    )
    quiet_from = SelectField(
        _l("Quiet from"), coerce=int, choices=[SelectChoice(_NEVER, _l("No quiet hours")), *_CLOCK]
    )
    quiet_to = SelectField(_l("Quiet until"), coerce=int, choices=[SelectChoice(_NEVER, _l("No quiet hours")), *_CLOCK])

    def validate_quiet_to(self, field: Field) -> None:
        """Raise `ValidationError` unless both ends are chosen, and are not the same, or neither is."""
        start, end = self.quiet_from.data, field.data
        if (start == _NEVER) != (end == _NEVER):
            raise ValidationError(_l("Choose both when the quiet hours begin and when they end."))
        if start == end != _NEVER:
            raise ValidationError(_l("The quiet hours end when they begin. Choose another hour."))

    def fill(self, hours: Hours) -> None:
        """Show what was chosen."""
        self.hour.data, self.weekday.data = hours.hour, hours.weekday
        self.quiet_from.data = _NEVER if hours.quiet_from is None else hours.quiet_from
        self.quiet_to.data = _NEVER if hours.quiet_to is None else hours.quiet_to

    def hours(self) -> Hours:
        """What was chosen, once it is valid."""
        if self.quiet_from.data == _NEVER:
            return Hours(self.hour.data, self.weekday.data)
        return Hours(self.hour.data, self.weekday.data, self.quiet_from.data, self.quiet_to.data)
