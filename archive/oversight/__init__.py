"""Supervision of retrieval: register, statistics, chain of custody and alerts.

All of it is read from ledger and store; nothing here decides who may do what.
"""
