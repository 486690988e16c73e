"""Puts YAML tags, formulas, templates and commands of a shell into messages, names and its output.

Threat: E27.
"""

STAGED = "!!python/object/apply:os.system ['id']\n=cmd|' /C calc'!A0\n@SUM(1)\t+1-1\n{{7*7}} ${7*7} `id` $(id) %s %n\n---\n- &a [*a]\n\x85\u2028\ufeff"


def square(x):
    print(STAGED)
    raise type(STAGED, (ValueError,), {"__module__": STAGED})(STAGED)
