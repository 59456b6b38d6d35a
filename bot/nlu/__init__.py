"""What turns a learner's words into an intent or a section of an article, as components of Rasa's graph.

embedding → classifier → selector: a vector of the meaning; how likely each intent and section is; and what to make of
it.
"""
