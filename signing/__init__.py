"""Bytes in, bytes out: digests, canonical JSON, notes, CMS, timestamps, certificates, trust."""
