"""From predictions to an honest report: metrics with intervals, tables, figures, pages."""
