"""How long records are kept: the schedule, calendars, and the sweep that sets terms and locks."""
