"""The demo: a scripted model service on loopback, a small project to edit, and their launcher.

It is a witness for the program, not a part of it: standard library and websockets only, nothing
of `spark_tui`. The same server is the counterpart of the transport tests and of the benchmark.
"""
