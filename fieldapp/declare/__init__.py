"""What features are written with: records, forms, screens, queries and words, answered by Flask and by the phone."""
