"""Raises and prints markup for staff: HTML, Markdown, ANSI escapes, a reversed line, a spreadsheet formula.

Threat: E27.
"""


class Html(ValueError):
    pass


Html.__name__ = "<script>alert(1)</script>"
STAGED = "\x1b[31m\x1b]0;title\x07<b onclick=x>\u202eflipped\u2066 [link](javascript:1) =HYPERLINK(1)\x00\x08\ud800\r"


def square(x):
    print(STAGED)
    raise Html(STAGED)
