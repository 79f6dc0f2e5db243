"""The command line: parse, call two or three functions, print."""
