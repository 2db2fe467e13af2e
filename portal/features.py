"""The list of features: their pages, what of theirs can be found, and who may listen to what."""

from __future__ import annotations

from flask import Flask

from portal import live
from portal.auth import cli as auth_cli  # noqa: F401  # adds `org add-idp` to the commands
from portal.auth import sessions
from portal.auth import views as auth_views
from portal.discussions import actions as discussion_actions
from portal.discussions import policy as discussion_policy
from portal.discussions import views as discussion_views
from portal.discussions.searchable import register as register_discussions
from portal.home import cli as _search_commands  # noqa: F401  # adds `search query` to the commands
from portal.home import nav, results
from portal.home import views as home_views
from portal.library import cli as library_cli
from portal.library import views as library_views
from portal.library.searchable import register as register_library
from portal.meetings import page as _meeting_page  # noqa: F401  # adds the meeting's page to the blueprint
from portal.meetings import views as meeting_views
from portal.meetings.agenda import proposal_views as _proposal_views  # noqa: F401  # adds pages to the blueprint
from portal.meetings.agenda import reminders as _agenda_reminders  # noqa: F401
from portal.meetings.agenda import views as agenda_views
from portal.meetings.calls import cli as call_cli
from portal.meetings.calls import letters as _call_letters  # noqa: F401  # their jobs
from portal.meetings.calls import reminders as _call_reminders  # noqa: F401  # housekeeping
from portal.meetings.calls import views as call_views
from portal.meetings.followup import reminders as _followup_reminders  # noqa: F401  # housekeeping, and who is gone
from portal.meetings.followup import views as followup_views
from portal.meetings.followup.searchable import register as register_followup
from portal.meetings.minutes import adjusting_views as _adjusting_views  # noqa: F401  # adds pages to the blueprint
from portal.meetings.minutes import export_views as _export_views  # noqa: F401  # the same
from portal.meetings.minutes import reminders as _minutes_reminders  # noqa: F401  # housekeeping
from portal.meetings.minutes import views as minutes_views
from portal.meetings.mode import actions as mode_actions
from portal.meetings.mode import policy as mode_policy
from portal.meetings.mode import views as mode_views
from portal.meetings.mode import writing_views as _writing_views  # noqa: F401  # adds pages to the blueprint
from portal.meetings.notices import register as register_notices
from portal.meetings.participants import leaving as _leaving  # noqa: F401  # housekeeping
from portal.meetings.participants import views as participant_views
from portal.meetings.polls import actions as poll_actions
from portal.meetings.polls import leading_views as _poll_leading_views  # noqa: F401  # adds pages to the blueprint
from portal.meetings.polls import letters as _poll_letters  # noqa: F401  # their jobs and housekeeping
from portal.meetings.polls import policy as poll_policy
from portal.meetings.polls import views as poll_views
from portal.meetings.searchable import register as register_meetings
from portal.meetings.series import views as series_views
from portal.notifications import letters as _letters  # noqa: F401  # their jobs and housekeeping
from portal.notifications import reminders as _reminders  # noqa: F401  # housekeeping
from portal.notifications import views as notification_views
from portal.people import cards
from portal.people import cli as people_cli
from portal.people import views as people_views
from portal.support import views as support_views


def init_app(app: Flask) -> None:
    """Put the features together."""
    app.session_interface = sessions.ServerSessions()
    for views in (auth_views, people_views, notification_views, discussion_views, library_views, meeting_views,
                  agenda_views, mode_views, minutes_views, followup_views, call_views, poll_views, series_views,
                  participant_views, support_views, home_views):  # fmt: skip
        app.register_blueprint(views.bp)
    for group in (people_cli.organisations, people_cli.groups, library_cli.library, call_cli.mail):
        app.cli.add_command(group)
    register_discussions()
    register_library()
    register_meetings()
    register_followup()
    register_notices()
    live.register_people(card=cards.card, valid_sessions=sessions.valid_ids)
    live.register_topic(
        "thread",
        may_watch=discussion_policy.may_watch_thread,
        note_watch=discussion_actions.note_watch,
        last_seq=discussion_policy.last_seq,
    )
    live.register_topic(
        "meeting",
        may_watch=mode_policy.may_watch_meeting,
        note_watch=mode_actions.note_watch,
        last_seq=mode_policy.last_seq,
    )
    live.register_topic(
        "poll",
        may_watch=poll_policy.may_watch_poll,
        note_watch=poll_actions.note_watch,
        last_seq=poll_policy.last_seq,
    )
    nav.init_app(app)
    results.init_app(app)
