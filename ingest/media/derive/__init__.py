"""What is made of records for people to look at: pictures, a copy for browsers, some text.

Every kind has a recipe with a version; none of this is evidence (docs/formats.md §13).
"""
