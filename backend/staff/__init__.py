"""Support staff: who they are, and what they do with conversations."""
