"""Where student code runs, and the way there.

In the grader's process:

    workshop   a fresh sandbox for each test, nothing left of it afterwards
    client     requests and handles
    verdicts   a sentence for every way to fail
    transport  the way to a sandbox and back, with a watchdog
    launch     starts and ends processes
    leftovers  removes what a sandbox leaves behind

In a sandbox, or in the fork server that sandboxes are forked from:

    server     imports the heavy libraries once, forks a sandbox per test
    child      a sandbox from birth to its last answer
    layers     what it gives up first: user, privileges, limits
    landlock   ... files
    seccomp    ... system calls
    loader     imports the student's files
    session    does what the grader asks

Both use `channel`: frames over a stream.
"""

__all__: list[str] = []
