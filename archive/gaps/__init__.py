"""Gaps: what is missing between the recordings of a device, by their numbers, times and lists."""
