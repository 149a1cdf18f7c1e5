"""Sidecars that come after their files were taken: `record.amended`."""
