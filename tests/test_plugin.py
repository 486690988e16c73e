"""What graders say of themselves, and what the plugin makes of each case."""

import json
import shutil
import textwrap
from pathlib import Path

import numpy as np
import pytest

from autograder import bundle
from autograder.model import Kind, Outcome
from autograder.sandbox.layers import LAYERS
from autograder.scoring import check_points

MARKS = """
    @number("1.2")
    @weight(2)
    def test_second_part(student):
        '''Part two
        comes second.

        This paragraph is for staff.'''
        assert student.a.one() == 1

    @number("1.1")
    @weight(3)
    @visibility("after_due_date")
    @tags("slow", "numbers")
    def test_marked(student):
        '''It has all marks.'''
        assert student.a.one() == 2, "one() is 1"

    @number("1.1")
    @weight(1)
    @hide_errors("Nothing is told.")
    def test_secretive(student):
        '''It hides its errors.'''
        assert student.a.one() == 2, "the secret is 2"

    @number("1.1")
    @partial_credit(4)
    def test_partial(student, set_score=None):
        '''It gives some points.'''
        set_score(2.5)

    @number("1.1")
    @partial_credit(4)
    def test_partial_without_default(student, set_score):
        '''It gives other points.'''
        set_score(4)

    @number("1.1")
    @partial_credit(4)
    def test_partial_never_set(student, set_score=None):
        '''It gives no points of itself.'''

    @number("1.1")
    @weight(0)
    @leaderboard("speed", "asc")
    def test_board(student, set_leaderboard_value=None):
        '''It fills a column.'''
        set_leaderboard_value(student.a.one() + 0.5)

    @number("1.1")
    @weight(6)
    @pytest.mark.parametrize("n", [1, 2, 3])
    def test_shared(student, n):
        '''All cases or nothing.'''
        assert student.a.one() != n, "it is"

    @number("1.1")
    @weight(6)
    @by_case
    @pytest.mark.parametrize("n", [1, 2, 3])
    def test_by_case(student, n):
        '''Each case counts.'''
        assert student.a.one() != n, f"it is {n}"

    @number("1.1")
    @partial_credit(6)
    @pytest.mark.parametrize("n", [1, 3])
    def test_partial_cases(student, n, set_score):
        '''Each case gives itself points.'''
        set_score(n)

    @number("1.1")
    @weight(1)
    @limits(seconds=0.4)
    def test_limited(student):
        '''It has a limit of its own.'''
        student.a.loop()

    @number("1.1")
    @weight(1)
    @limits(memory_mb=32)
    def test_small(student):
        '''It has little memory.'''
        student.a.large()

    @number("1.1")
    @weight(1)
    def test_draws(rng, student):
        '''It draws.'''
        assert False, f"drawn {rng.integers(10**9)}"

    @number("1.1")
    @weight(1)
    def test_stumbles(student):
        '''The grader is wrong.'''
        None + 1

    @number("1.1")
    @weight(1)
    def test_skips(student):
        '''The grader gives up.'''
        pytest.skip("not today")

    @number("1.1")
    @weight(1)
    @pytest.mark.skip(reason="never")
    def test_skipped(student):
        '''The grader is switched off.'''

    @number("1.1")
    @weight(1)
    def test_fails_by_name(student):
        '''The grader fails it.'''
        pytest.fail("because of this")

    @number("1.1")
    @weight(1)
    def test_asserts_barely(student):
        '''A bare assert.'''
        assert student.a.one() == 12345

    @number("1.1")
    @weight(1)
    def test_sends_nonsense(student):
        '''The grader sends what cannot be sent.'''
        student.a.one({1, 2})
"""
CODE = """
    import numpy as np
    def one():
        print("asked <b>for</b> one")
        return 1
    def loop():
        while True: pass
    def large(): return np.ones(2**24)
"""


@pytest.fixture(scope="module")
def marked(graded_once):
    """One grading of all the graders above."""
    return graded_once(MARKS, CODE, points={"1.1": 40, "1.2": 2})


def test_parts_are_in_order_and_tests_as_written(marked):
    """The manifest orders the parts, the file the tests."""
    names = [row["name"] for row in marked.results["tests"]]

    assert names[0] == "marked"
    assert names[-2:] == ["sends nonsense", "second part"]
    assert [row["number"] for row in marked.results["tests"]] == ["1.1"] * (len(names) - 1) + ["1.2"]


def test_points_title_tags_and_visibility_come_from_the_decorators(marked):
    """A title is the first paragraph, on one line."""
    row = next(row for row in marked.results["tests"] if row["name"] == "marked")

    assert (row["score"], row["max_score"], row["status"]) == (0, 3, "failed")
    assert (row["tags"], row["visibility"]) == (["slow", "numbers"], "after_due_date")
    assert row["output"] == "It has all marks.\n\none() is 1\n\nYour code printed:\nasked <b>for</b> one\n"
    assert marked.rows["test_second_part"].spec.title == "Part two comes second."
    assert marked.output["second part"].startswith("Part two comes second.\n\nPassed.")


def test_hidden_errors_stay_hidden(marked):
    """Only what the decorator says is shown."""
    assert marked.output["secretive"] == "It hides its errors.\n\nNothing is told."


def test_partial_credit(marked):
    """With and without a default argument, and case by case."""
    assert marked.rows["test_partial"].points == 2.5
    assert "Partial credit: 2.5 of 4 points." in marked.output["partial"]
    assert marked.rows["test_partial_without_default"].points == 4
    assert marked.rows["test_partial_without_default"].outcome is Outcome.PASSED
    assert (
        marked.rows["test_partial_cases"].points == 2
    )  # each case a half of what it gave itself: (1 + 3) / 2


def test_a_column_of_the_leaderboard(marked):
    """Less is better in this one."""
    assert marked.results["leaderboard"] == [{"name": "speed", "value": 1.5, "order": "asc"}]


def test_cases_share_points_or_earn_their_own(marked):
    """All or nothing, unless it says otherwise."""
    assert marked.rows["test_shared"].points == 0
    assert marked.rows["test_shared"].spec.cases == 3
    assert "1 of 3 cases failed. [1]\nit is" in marked.output["shared"]
    assert marked.rows["test_by_case"].points == pytest.approx(4)


def test_limits_of_a_test(marked):
    """Seconds and memory, each with its own sentence."""
    assert "did not finish within 0.4 s" in marked.output["limited"]
    assert "a test may use 32 MiB" in marked.output["small"]


def test_a_graders_own_mistakes_blame_nobody(marked):
    """A stumble, a skip and a mistake in sending alike; staff read which."""
    for name in ("stumbles", "skips", "skipped", "sends_nonsense"):
        row = marked.rows[f"test_{name}"]
        assert row.outcome is Outcome.UNJUDGED
        assert row.points == 0
        output = marked.output[name.replace("_", " ")]
        assert "could not be judged. The fault is ours, not yours" in output
        assert "Traceback" not in output
    assert "TypeError" in marked.rows["test_stumbles"].detail
    assert "not today" in marked.rows["test_skips"].detail
    assert "A set cannot be sent to a sandbox" in marked.rows["test_sends_nonsense"].detail


def test_failing_by_name_and_by_a_bare_assert(marked):
    """The bare assertion shows no expected value."""
    assert "because of this" in marked.output["fails by name"]
    assert marked.rows["test_asserts_barely"].outcome is Outcome.FAILED
    assert "12345" not in marked.output["asserts barely"]


def test_random_inputs_depend_on_the_seed_and_the_tests_name_alone(marked, graded):
    """Neither its place in the file nor another test's draws matter."""
    drawing = """
        @number("1.1")
        @weight(1)
        def test_first(student):
            '''Another test comes first.'''

        @number("1.1")
        @weight(1)
        def test_draws(rng, student):
            '''It draws.'''
            assert False, f"drawn {rng.integers(10**9)}"
    """
    again = graded(drawing, "")
    other = graded(drawing, "", seed=1)

    assert again.rows["test_draws"].message == marked.rows["test_draws"].message
    assert other.rows["test_draws"].message != again.rows["test_draws"].message
    name = __import__("zlib").crc32(b"test_draws")
    assert again.rows["test_draws"].message == f"drawn {np.random.default_rng([0, name]).integers(10**9)}"


def test_a_partial_score_that_was_never_given_is_told(marked):
    """It counts as any test that passes."""
    # A test with partial credit that passes without set_score has earned all: like any test that passes.
    assert marked.rows["test_partial_never_set"].points == 4


ONE = """
    @number("{part}")
    @weight(1)
    def test_{name}(student):
        '''A sentence.'''
        assert student.a.one() == 1
"""


def test_one_part_alone(graded):
    """The others are neither run nor shown."""
    both = ONE.format(part="1.1", name="a") + ONE.format(part="1.2", name="b")

    found = graded(both, CODE, points={"1.1": 1, "1.2": 1}, part="1.2")

    assert list(found.rows) == ["test_b"]
    assert found.points == 1


def test_a_grader_that_cannot_be_read_costs_its_part_only(graded):
    """The other file's test still counts, and staff read the syntax error."""
    found = graded(
        {"test_a.py": ONE.format(part="1.1", name="a"), "test_b.py": "def broken(:\n"},
        CODE,
        points={"1.1": 1, "1.2": 2},
    )

    assert found.rows["test_a"].points == 1
    lost = found.rows["test_part_1.2"]
    assert (lost.outcome, lost.spec.points) == (Outcome.UNJUDGED, 2)
    assert "SyntaxError" in found.report.detail
    assert "test_b.py" in found.report.detail
    assert "stopped before it had run every test" in found.results["output"]
    assert "SyntaxError" not in json.dumps(found.results)


@pytest.mark.parametrize(
    ("grader", "problem"),
    [
        ("@weight(1)\ndef test_x(student):\n    'A sentence.'\n",
         'test_tiny.py, test_x: It belongs to no part. Decorate it with @number("1.1").'),
        ("@number('1.1')\ndef test_x(student):\n    'A sentence.'\n",
         "test_tiny.py, test_x: It is worth no points. Decorate it with @weight(2), or @partial_credit(2)."),
        ("@number('1.1')\n@weight(1)\ndef test_x(student): pass\n",
         "test_tiny.py, test_x: It has no docstring. Write the sentence that the student reads."),
    ],
    ids=["number", "weight", "docstring"],
)  # fmt: skip
def test_an_incomplete_grader_is_explained(graded, grader, problem):
    """Place, problem and remedy, for staff."""
    found = graded(grader, CODE)

    assert problem in found.report.detail
    assert found.rows["test_part_1.1"].outcome is Outcome.UNJUDGED


def test_two_tests_of_one_name_are_explained(graded):
    """In two files, where Python itself would not see it."""
    one = ONE.format(part="1.1", name="a")
    found = graded({"test_one.py": one, "test_two.py": one}, CODE)

    assert "test_two.py, test_a: There is another test_a in" in found.report.detail
    assert "test_one.py. Give one a new name." in found.report.detail


def test_a_hidden_grader_shows_fixed_wording(graded):
    """Neither the message nor the value."""
    hidden = ONE.format(part="1.1", name="h").replace("== 1", "== 98765, 'the secret'")
    found = graded({}, CODE, hidden={"test_hidden.py": hidden})

    assert found.rows["test_h"].spec.hidden
    assert "98765" not in json.dumps(found.results)
    assert "secret" not in json.dumps(found.results)
    assert found.rows["test_h"].outcome is Outcome.FAILED


@pytest.fixture
def student_folder(tmp_path):
    """A student's folder: stubs and engine as the zip lays them out, with a test of each outcome."""
    folder = tmp_path / "tiny"
    shutil.copytree(
        Path(bundle.__file__).parent, folder / "autograder", ignore=shutil.ignore_patterns("__pycache__")
    )
    (folder / "tests").mkdir()
    (folder / "pytest.ini").write_text(bundle.PYTEST_INI)
    (folder / "assignment.toml").write_text(
        'title = "T"\nsummary = "S"\n[[parts]]\nid = "1.1"\ntitle = "P"\nfiles = ["a.py"]\npoints = 3\n'
    )
    (folder / "tests" / "test_a.py").write_text(
        "from gradescope_utils.autograder_utils.decorators import number, weight\n"
        "from autograder.grading import assert_close\n"
        '@number("1.1")\n@weight(1)\ndef test_good(student):\n    "Good."\n    assert student.a.one() == 1\n'
        '@number("1.1")\n@weight(1)\ndef test_bad(student):\n    "Bad."\n    secret = student.a.two()\n'
        "    assert_close(secret, 2.0, what='two')\n"
        '@number("1.1")\n@weight(1)\ndef test_raises(student):\n    "Raises."\n    student.a.fail()\n'
    )
    (folder / "a.py").write_text(
        "import os\ndef one():\n    print('printed by one')\n    return 1\ndef two(): return 3.0\n"
        "def fail(): raise ValueError('mine')\n"
    )
    return folder


def test_a_plain_pytest_shows_messages_and_no_code_of_the_grader(student_folder, python):
    """The sentence and the student's lines, as pytest's own report."""
    done = python("-m", "pytest", "-p", "no:cacheprovider", cwd=student_folder)

    assert done.returncode == 1, done.stderr
    assert "2 failed, 1 passed" in done.stdout
    assert "two: expected 2" in done.stdout
    assert "fail raised ValueError: mine.\n  a.py, line 6, in fail" in done.stdout
    assert "secret" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert not list(student_folder.rglob("__pycache__/a.*"))


def test_one_process_gives_the_same_verdicts_and_prints_to_the_terminal(student_folder, python):
    """Without a wall the words are the same."""
    walled = python("-m", "autograder", "grade", cwd=student_folder, COLUMNS="200")
    here = python("-m", "autograder", "grade", "--here", cwd=student_folder, COLUMNS="200")

    assert walled.returncode == here.returncode == 0, here.stderr
    for said in (walled.stdout, here.stdout):
        assert "1 of 3 points" in said
        assert "fail raised ValueError: mine.\n  a.py, line 6, in fail" in said
    assert "printed by one" not in walled.stdout + walled.stderr
    assert "printed by one" in here.stderr
    assert "Layers of the sandbox that are off here" in here.stdout


def test_a_breakpoint_works_in_one_process(student_folder):
    """With the prompt on the terminal, in the file that the student has open."""
    import subprocess
    import sys

    (student_folder / "a.py").write_text("def one():\n    x = 40\n    breakpoint()\n    return 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "grade", "--here"],
        cwd=student_folder,
        input="print(x + 2)\ncontinue\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "(Pdb) 42" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_kinds_reach_the_report(graded):
    """With the time and the layers."""
    found = graded(ONE.format(part="1.1", name="a"), "def one(): raise NotImplementedError\n")

    assert found.report.cases[0].kind is Kind.NOT_IMPLEMENTED
    assert found.report.seconds > found.report.cases[0].seconds > 0
    assert set(found.report.layers) == set(LAYERS)


# What assignment.toml and the bundle bring along

EXTRAS = """
@number("1.1")
@weight(1)
def test_settings(student, settings, set_column):
    "Thresholds stand in the manifest."
    assert settings == {"model": {"steps": [0.5, 0.75]}}
    set_column("accuracy", np.float64(0.75))
    set_column("seconds", 2)

@number("1.1")
@bonus(4)
def test_bonus(student, set_score):
    "More than all."
    set_score(student.a.f())
"""
TABLES = """
[settings.model]
steps = [0.5, 0.75]
[[leaderboard]]
name = "accuracy"
[[leaderboard]]
name = "seconds"
order = "asc"
"""


def test_a_bonus_comes_on_top(graded):
    """It is no part of what a submission can lose: the row's maximum is 0."""
    result = graded(EXTRAS, "def f(): return 2.5", more=TABLES, top="bonus = 4")

    row = result.results["tests"][1]
    assert (row["score"], row["max_score"], row["status"]) == (2.5, 0, "passed")
    assert row["output"] == "More than all.\n\nBonus: 2.5 of 4 points."
    assert result.results["output"] == "3.5 of 1 points."
    check_points(result.report.tests, result.run.assignment.manifest)


def test_a_bonus_that_is_not_earned(graded):
    """It costs nothing."""
    result = graded(EXTRAS, "def f(): raise KeyError(1)", more=TABLES, top="bonus = 4")

    assert result.points == 1
    assert result.results["tests"][1]["status"] == "failed"


def test_one_test_fills_several_columns(graded):
    """Their order stands in the manifest."""
    result = graded(EXTRAS, "def f(): return 0", more=TABLES, top="bonus = 4")

    assert result.results["leaderboard"] == [
        {"name": "accuracy", "value": 0.75},
        {"name": "seconds", "value": 2.0, "order": "asc"},
    ]


def test_a_column_that_the_manifest_does_not_name_is_the_grader_s_fault(graded):
    """No student is blamed."""
    result = graded(EXTRAS, "def f(): return 0", more=TABLES.replace("accuracy", "speed"), top="bonus = 4")

    assert result.rows["test_settings"].outcome is Outcome.UNJUDGED


SEEDED = """
@number("1.1")
@weight(1)
def test_hidden_data(student, secret_seed):
    "Drawn data."
    assert student.a.f() == secret_seed
"""


def test_the_secret_seed_is_drawn_once(graded):
    """It is there for hidden graders, and the same in the next run."""
    first = graded({}, "def f(): return 0", hidden={"test_hidden.py": SEEDED})
    seed = first.run.assignment.secret_seed()
    again = graded({}, f"def f(): return {seed}", hidden={"test_hidden.py": SEEDED})

    assert first.points == 0
    assert again.points == 1
    assert 0 <= seed < 2**64
    assert [path.name for path in first.run.assignment.hidden_tests.iterdir() if "seed" in path.name] == [
        "secret_seed"
    ]


def test_a_public_grader_has_no_secret_seed(graded):
    """Students have those graders."""
    result = graded(SEEDED, "def f(): return 0")

    assert result.rows["test_hidden_data"].outcome is Outcome.UNJUDGED
    assert "Use it in hidden graders only." in result.rows["test_hidden_data"].detail


def test_a_value_where_a_method_should_be_is_the_students_mistake(graded):
    """An attribute hides the method of its name; the grader has called it in good faith."""
    code = """
        class Walker:
            def __init__(self):
                self.step = 0
            def step(self, x):
                return x
    """
    grader = """
        @number("1.1")
        @weight(1)
        def test_step(student):
            '''It steps.'''
            assert student.a.Walker().step(student.a.Walker) == 1
    """
    row = graded(textwrap.dedent(grader), textwrap.dedent(code)).rows["test_step"]

    assert row.outcome is Outcome.FAILED
    assert row.message == "'Walker.step' is int: a function should stand there."


def test_a_value_that_the_grader_itself_calls_is_the_graders_mistake(graded):
    """Only what came from the student is blamed on the student."""
    grader = """
        @number("1.1")
        @weight(1)
        def test_step(student):
            '''It steps.'''
            steps = student.a.steps()
            steps(1)
    """
    row = graded(textwrap.dedent(grader), "def steps(): return 1").rows["test_step"]

    assert row.outcome is Outcome.UNJUDGED


@pytest.mark.parametrize(
    ("ask", "last"),
    [("student.a", Outcome.FAILED), ("replace(student, 'a', one=lambda: 1)", Outcome.PASSED)],
)
def test_an_import_that_hangs_costs_no_more_than_two_waits(graded, ask, last):
    """Or the tests of that module would use up the time of all others; who builds on it may go on."""
    grader = f"""
        from autograder.grading import replace

        @number("1.1")
        @weight(1)
        @pytest.mark.parametrize("n", range(5))
        def test_hung(student, n):
            '''It hangs.'''
            {ask}
    """
    found = graded(textwrap.dedent(grader), "while True: pass", limits="test_seconds = 1")

    assert [case.seconds > 0.9 for case in found.report.cases] == [True, True, False, False, False]
    assert [case.kind for case in found.report.cases[:2]] == [Kind.TIMEOUT] * 2
    assert [case.outcome for case in found.report.cases[2:]] == [last] * 3
    assert ("did not finish in 2 tests before" in found.report.cases[2].message) is (last is Outcome.FAILED)
