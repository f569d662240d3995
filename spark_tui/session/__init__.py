"""The engine: async, headless, owner of the conversation.

Faces call the verbs of `Session` and read its events; they know neither network nor git.
"""
