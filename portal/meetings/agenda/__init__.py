"""The agenda while it is prepared: papers, proposals, the edition that was sent."""
