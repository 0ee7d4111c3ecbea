"""The one door to models: a question goes in, a validated answer or a reason comes out."""
