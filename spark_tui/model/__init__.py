"""Services that stream: one `Provider` seam, two dialects, three wires.

Nothing in here knows of files, hunks or screens.
"""
