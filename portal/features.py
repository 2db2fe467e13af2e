"""The list of features: their pages, what of theirs can be found, and who may listen to what."""

from __future__ import annotations

from flask import Flask

from portal import live, live_sweep
from portal.activities import doing_views as activity_doing_views
from portal.activities import sector_views as activity_sector_views
from portal.activities import views as activity_views
from portal.activities.notices import register as register_activity_notices
from portal.activities.searchable import register as register_activities
from portal.auth import cli as auth_cli
from portal.auth import sessions
from portal.auth import views as auth_views
from portal.counties import views as county_views
from portal.counties.notices import register as register_county_notices
from portal.counties.plans import jobs as plan_jobs
from portal.counties.plans import state_views as plan_state_views
from portal.counties.plans import template_views as plan_template_views
from portal.counties.plans import views as plan_views
from portal.counties.plans.notices import register as register_plan_notices
from portal.counties.plans.searchable import register as register_plans
from portal.counties.rounds import jobs as round_jobs
from portal.counties.rounds import question_views as round_question_views
from portal.counties.rounds import report_views as round_report_views
from portal.counties.rounds import views as round_views
from portal.discussions import actions as discussion_actions
from portal.discussions import policy as discussion_policy
from portal.discussions import views as discussion_views
from portal.discussions.by_mail import letters as reply_letters
from portal.discussions.by_mail import taking as reply_taking
from portal.discussions.drafting import views as drafting_views
from portal.discussions.editing import views as editing_views
from portal.discussions.export import views as thread_export_views
from portal.discussions.following import telling as following_telling
from portal.discussions.following import views as following_views
from portal.discussions.mentioning import views as mentioning_views
from portal.discussions.menu import views as menu_views
from portal.discussions.moderation import views as moderation_views
from portal.discussions.moderation.notices import register as register_moderation_notices
from portal.discussions.notices import register as register_post_notices
from portal.discussions.reacting import views as reacting_views
from portal.discussions.removal import views as removal_views
from portal.discussions.searchable import register as register_discussions
from portal.discussions.states import views as thread_state_views
from portal.discussions.updates import views as update_views
from portal.discussions.writing import views as writing_help_views
from portal.home import cli as search_commands
from portal.home import live_counts, nav, results
from portal.home import views as home_views
from portal.home.places import register as register_places
from portal.library import cli as library_cli
from portal.library import ocr_actions, version_views
from portal.library import views as library_views
from portal.library.attaching import post_cards
from portal.library.attaching import views as attaching_views
from portal.library.bulk import cli as bulk_cli
from portal.library.collections import item_views as collection_item_views
from portal.library.collections import views as collection_views
from portal.library.collections.searchable import register as register_collections
from portal.library.facets import register as register_facets
from portal.library.intake import tus_views as intake_tus_views
from portal.library.intake import views as intake_views
from portal.library.intake.notices import register as register_library_notices
from portal.library.material import edit_views as material_edit_views
from portal.library.material import living as material_living
from portal.library.material import living_views as material_living_views
from portal.library.material import sharing_views as material_sharing_views
from portal.library.material import thread_cards as material_cards
from portal.library.material import thread_uses, topic_views
from portal.library.material import views as material_views
from portal.library.previews import cli as preview_cli
from portal.library.previews import making as preview_making
from portal.library.previews import views as preview_views
from portal.library.public import pages as public_pages
from portal.library.public import partials as library_partials
from portal.library.public import views as public_views
from portal.library.searchable import register as register_library
from portal.meetings import material_uses
from portal.meetings import page as meeting_page
from portal.meetings import thread_cards as meeting_cards
from portal.meetings import views as meeting_views
from portal.meetings.agenda import lifted as agenda_lifted
from portal.meetings.agenda import proposal_views as proposal_views
from portal.meetings.agenda import reminders as agenda_reminders
from portal.meetings.agenda import views as agenda_views
from portal.meetings.calls import letters as call_letters
from portal.meetings.calls import reminders as call_reminders
from portal.meetings.calls import replies as call_replies
from portal.meetings.calls import views as call_views
from portal.meetings.followup import reminders as followup_reminders
from portal.meetings.followup import views as followup_views
from portal.meetings.followup.searchable import register as register_followup
from portal.meetings.minutes import adjusting_views as adjusting_views
from portal.meetings.minutes import export_views as export_views
from portal.meetings.minutes import remark_views
from portal.meetings.minutes import reminders as minutes_reminders
from portal.meetings.minutes import views as minutes_views
from portal.meetings.mode import actions as mode_actions
from portal.meetings.mode import policy as mode_policy
from portal.meetings.mode import views as mode_views
from portal.meetings.mode import writing_views as writing_views
from portal.meetings.notices import register as register_notices
from portal.meetings.participants import leaving as leaving
from portal.meetings.participants import views as participant_views
from portal.meetings.polls import actions as poll_actions
from portal.meetings.polls import guest_views as poll_guest_views
from portal.meetings.polls import leading_views as poll_leading_views
from portal.meetings.polls import letters as poll_letters
from portal.meetings.polls import policy as poll_policy
from portal.meetings.polls import views as poll_views
from portal.meetings.searchable import register as register_meetings
from portal.meetings.series import views as series_views
from portal.notifications import letters, reminders, unsubscribe_views
from portal.notifications import views as notification_views
from portal.notifications.delivery import bounces
from portal.notifications.delivery import views as delivery_views
from portal.notifications.push import sending as push_sending
from portal.notifications.push import views as push_views
from portal.notifications.receiving import cli as receiving_cli
from portal.people import cards
from portal.people import cli as people_cli
from portal.people import views as people_views
from portal.searches import synonym_views, telling
from portal.searches import views as search_views
from portal.support import views as support_views
from portal.trainings import cohort_views, taking_part_views
from portal.trainings import views as training_views
from portal.trainings.notices import register as register_training_notices
from portal.trainings.searchable import register as register_trainings

# Modules that register themselves when they are loaded: pages of a blueprint, commands, jobs and housekeeping.
LOADED = (
    thread_state_views,
    moderation_views,
    drafting_views,
    editing_views,
    thread_export_views,
    update_views,
    removal_views,
    reacting_views,
    menu_views,
    mentioning_views,
    writing_help_views,
    agenda_lifted,
    following_telling,
    unsubscribe_views,
    following_views,
    material_views,
    material_edit_views,
    material_living,
    material_living_views,
    material_sharing_views,
    thread_uses,
    material_cards,
    post_cards,
    attaching_views,
    meeting_cards,
    topic_views,
    material_uses,
    preview_making,
    preview_cli,
    preview_views,
    remark_views,
    poll_guest_views,
    auth_cli,
    search_commands,
    meeting_page,
    proposal_views,
    agenda_reminders,
    bulk_cli,
    collection_item_views,
    public_pages,
    call_letters,
    call_reminders,
    followup_reminders,
    adjusting_views,
    export_views,
    minutes_reminders,
    writing_views,
    leaving,
    poll_leading_views,
    poll_letters,
    letters,
    reply_letters,
    push_sending,
    reminders,
    ocr_actions,
    version_views,
    intake_views,
    intake_tus_views,
    round_jobs,
    round_question_views,
    round_report_views,
    plan_jobs,
    plan_state_views,
    plan_template_views,
    activity_doing_views,
    activity_sector_views,
    cohort_views,
    taking_part_views,
)


def init_app(app: Flask) -> None:
    """Put the features together."""
    app.session_interface = sessions.ServerSessions()
    for views in (auth_views, people_views, notification_views, delivery_views, push_views, discussion_views, library_views,
                  collection_views, public_views, meeting_views,
                  agenda_views, mode_views, minutes_views, followup_views, call_views, poll_views, series_views,
                  participant_views, support_views, activity_views, training_views, round_views, plan_views, county_views, search_views, synonym_views, home_views):  # fmt: skip
        app.register_blueprint(views.bp)
    for group in (people_cli.organisations, people_cli.groups, library_cli.library, receiving_cli.mail):
        app.cli.add_command(group)
    call_replies.register()
    bounces.register()
    reply_taking.register()
    delivery_views.init_app(app)
    register_discussions()
    register_post_notices()
    register_moderation_notices()
    register_library()
    register_collections()
    register_facets()
    register_places()
    register_meetings()
    register_followup()
    register_activities()
    register_plans()
    register_trainings()
    register_notices()
    register_library_notices()
    register_county_notices()
    register_plan_notices()
    register_activity_notices()
    register_training_notices()
    material_living.register_notices()
    telling.register()
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
    live.register_topic(
        live_counts.KIND,
        may_watch=live_counts.may_watch,
        note_watch=lambda _number, by: None,  # the own numbers: nothing that others have written is read
        last_seq=live_counts.begin,
        shows_people=False,
    )
    live.run_beside("counts", live_counts.run_forever)
    live_sweep.register("thread", discussion_policy.last_seqs)
    live_sweep.register("meeting", mode_policy.last_seqs)
    live_sweep.register("poll", poll_policy.last_seqs)
    library_partials.init_app(app)
    nav.init_app(app)
    results.init_app(app)
