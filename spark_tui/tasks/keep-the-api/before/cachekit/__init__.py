"""Things that are expensive to make twice."""
