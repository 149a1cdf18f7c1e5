"""Filing a case 立卷归档: its volumes as they are shown, and the catalogue of the next one."""
