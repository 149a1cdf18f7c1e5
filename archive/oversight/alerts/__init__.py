"""Alerts on abnormal access: pure rules over events, with thresholds that are data."""
