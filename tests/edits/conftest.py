"""What lies in the scenarios is input, also where it looks like a test."""

collect_ignore = ["scenarios"]
