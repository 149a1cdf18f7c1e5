"""One module for each format: `read(file, reading)` puts into the reading what stands in the file.

They run in a reader process and may come to any end: what was put there until then is kept.
"""
