"""What the service remembers, and the only place that speaks SQL: one module per kind of record."""
