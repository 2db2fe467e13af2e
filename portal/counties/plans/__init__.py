"""Regional cooperation plans: one common template, one plan per county."""
