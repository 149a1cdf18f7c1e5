"""How long records are kept and how they are destroyed: schedule, disposition, working days."""
