"""What the desk knows: the articles, and what reads, searches and checks them.

The articles are Markdown files below `articles/`, one folder a topic. `reader` turns them into `Knowledge`, the one
form that the help page, the search and the training data are made from; nothing else parses the files.
"""

from knowledge.model import Article, Knowledge, KnowledgeError, Section
from knowledge.reader import load_knowledge, render

__all__ = ["Article", "Knowledge", "KnowledgeError", "Section", "load_knowledge", "render"]
