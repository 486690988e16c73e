"""How homework is judged. Knows no assignment by name.

errors, model                what all modules share
schema, manifest             TOML files against a schema; what an assignment.toml says
assignment                   where things are
markers, templates           stubs from references
mistakes                     known mistakes of a reference
compare, scoring, results    from a wrong number to a sentence, points, results.json
wire, sandbox                plain values, and the processes that student code runs in
grading                      what graders import, and the pytest plugin
intake, run                  from a submission to a report
verify, prove                do the graders tell right from wrong?
bundle, emulate              the zips, and Gradescope as they meet it
report                       a notebook as a page
cli, staff, display          what people type and see
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
