"""From a file appearing in a folder to a sealed record and a receipt."""
