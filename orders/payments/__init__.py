"""Payment providers behind one protocol; :mod:`orders.payments.choice` picks the configured one."""
