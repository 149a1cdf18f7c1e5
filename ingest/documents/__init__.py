"""Texts and documents: what words stand in them, had without running or fetching anything."""
