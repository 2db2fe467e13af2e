"""Sign-ins that are under way. Each is a row of its own: two tabs do not lose each other's, and one answer takes its
attempt away for good, whatever becomes of it (security.md, number 6).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from portal import db, outbox
from portal.auth.models import SignInAttempt
from portal.auth.oidc import MAX_ATTEMPT_SECONDS
from portal.auth.provider import Attempt

MAX_ATTEMPTS = 5  # tabs in which one browser may sign in at the same time


def keep(attempt: Attempt, *, session_id: int, next_path: str) -> None:
    """Store an attempt of a browser; its oldest beyond MAX_ATTEMPTS are forgotten. In a transaction of its own."""
    of_browser = sa.select(SignInAttempt.id).where(SignInAttempt.session_id == session_id)
    latest = of_browser.order_by(SignInAttempt.id.desc()).limit(MAX_ATTEMPTS)
    db.pause()
    with db.transaction() as own:
        own.add(
            SignInAttempt(
                session_id=session_id,
                provider_id=attempt.provider_id,
                provider_version=attempt.provider_version,
                state=attempt.state,
                nonce=attempt.nonce,
                verifier=attempt.verifier,
                next_path=next_path,
                started_at=datetime.fromtimestamp(attempt.started_at, UTC),
            )
        )
        own.flush()
        too_many = SignInAttempt.id.in_(of_browser) & SignInAttempt.id.not_in(latest)
        own.execute(sa.delete(SignInAttempt).where(too_many))


def take(state: str, *, session_id: int) -> tuple[Attempt, str] | None:
    """The browser's attempt with this state and the path to go to, or None. Whoever comes second gets nothing.

    In a transaction of its own, which is stored before anything else happens.
    """
    wanted = (SignInAttempt.state == state) & (SignInAttempt.session_id == session_id)
    db.pause()
    with db.transaction() as own:
        taken = sa.delete(SignInAttempt).where(wanted).returning(SignInAttempt)
        row = own.scalars(taken, execution_options={"synchronize_session": False}).first()
        if row is None:
            return None
        attempt = Attempt(
            provider_id=row.provider_id,
            provider_version=row.provider_version,
            state=row.state,
            nonce=row.nonce,
            verifier=row.verifier,
            started_at=row.started_at.timestamp(),
        )
        return attempt, row.next_path


@outbox.every(timedelta(minutes=10))
def sweep() -> None:
    """Forget the attempts that nobody finished in time."""
    old = SignInAttempt.started_at < db.now() - timedelta(seconds=MAX_ATTEMPT_SECONDS)
    db.session.execute(sa.delete(SignInAttempt).where(old))
