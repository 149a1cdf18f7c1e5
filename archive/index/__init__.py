"""The full-text index: a projection of sealed records that may be dropped and made anew."""
