"""What an operation will cost before it runs, and what it did cost after it ran.

facts.py     what is known of each backend operation from the configuration
predict.py   a plan → levels, calls at most, scopes, personal fields, warnings
text.py      the same for people to read
trace.py     the calls of one run
"""
