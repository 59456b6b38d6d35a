"""What runs inside Rasa: the channel, the reader of training data and the components that understand a message.

Rasa routes a turn and nothing else. It keeps no words, no identity and no state of the dialogue: those are the
backend's.
"""

from bot.processor import name_kernels

name_kernels()
