"""The three panes of the desk: files, diff, chat."""
