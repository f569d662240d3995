"""The person's own settings: where they live, what they say, the key, the themes.

Every value knows where it came from; nothing here starts a request or draws.
"""
