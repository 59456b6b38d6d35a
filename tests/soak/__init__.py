"""A model-based test: people who do anything in any order, and what must hold after every step."""
