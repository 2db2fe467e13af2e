"""Trainings and specialist groups: who is nominated, who takes part, who is trained where."""
