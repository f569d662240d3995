"""The Textual face: draws what a session says and turns keys into verbs of the session."""
