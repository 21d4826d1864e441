# The suite has settings of its own: test_snippets.py runs it in another process.
collect_ignore = ['suite']
