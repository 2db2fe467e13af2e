"""Calls to meetings outside the portal: invitations by mail, answers from mail programs, signed links and calendar feeds."""
