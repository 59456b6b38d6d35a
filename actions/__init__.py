"""Rasa's actions, one module a verb. Each asks the backend what to say and passes it on; none decides anything."""
