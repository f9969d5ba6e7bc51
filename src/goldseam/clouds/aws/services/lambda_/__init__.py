"""Lambda: functions, who may invoke them, what they run, and what their environment gives away.

Versions and aliases have policies and addresses of their own; what is said here is said of the function itself, as it
is invoked without a qualifier.
"""
