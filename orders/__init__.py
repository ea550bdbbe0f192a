"""Orders: what was bought, paid and cancelled. Kept in MySQL; the saga joins the three systems."""
