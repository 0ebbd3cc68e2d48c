"""World models: what an agent may ask before it acts. Exact, disturbed on purpose, or learned."""
