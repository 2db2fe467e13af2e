"""Notices on people's devices (Web Push: RFC 8030, 8188, 8291 and 8292)."""
