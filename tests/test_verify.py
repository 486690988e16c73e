"""The graders' own test, on the course that `autograder new` makes: what is wrong with it is found."""

import pytest

from autograder.assignment import solution_folder, template_folder
from autograder.errors import ManifestError, MistakeError
from autograder.run import grade_all
from autograder.scaffold import new_assignment
from autograder.templates import write_templates
from autograder.verify import CARELESS, verify


@pytest.fixture
def course(tmp_path):
    """A repository with the example assignment and its stubs."""
    new_assignment(tmp_path, "tiny")
    write_templates(solution_folder(tmp_path, "tiny"), template_folder(tmp_path, "tiny"))
    return tmp_path


def edit(path, old, new):
    """Replaces a text that occurs once."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_the_example_is_sound(course):
    """Ten trials, each told while it is made."""
    told = []
    found = verify(course, "tiny", lambda name, count: told.append((name, count)))

    assert found.problems == []
    assert found.tests == ("test_square_of_a_vector", "test_square_of_a_matrix")
    assert [found.trial(name).points for name in ("reference", "stub", "doubled", "absolute")] == [5, 0, 0, 2]
    assert all(found.trial(f"careless: {name}").points == 0 for name in CARELESS)
    assert len(told) == len(found.trials) == 10
    assert {count for _, count in told} == {10}


@pytest.fixture
def less_careless(monkeypatch):
    """One careless answer instead of all."""
    monkeypatch.setattr("autograder.verify.CARELESS", {"nothing": CARELESS["nothing"]})


@pytest.mark.usefixtures("less_careless")
def test_what_is_wrong_is_named(course):
    """A survivor, a wrong list, and a grader that does arithmetic on None."""
    solutions = solution_folder(course, "tiny")
    # One mistake that no test sees, one whose list is wrong, and a grader that stumbles over a wrong type.
    with (solutions / "mistakes.toml").open("a") as catalogue:
        catalogue.write(
            '\n[[mistake]]\nid = "survives"\nfile = "square.py"\nfind = "return x * x"\n'
            'replace = "return 1.0 * x * x"\n'
            'symptom = "none"\nhint = "none"\ncaught_by = ["test_square_of_a_vector"]\n'
        )
    edit(
        solutions / "mistakes.toml",
        'caught_by = ["test_square_of_a_matrix"]',
        'caught_by = ["test_square_of_a_vector"]',
    )
    edit(
        solutions / "tests/test_1_1_square.py",
        "    assert_close(",
        "    assert student.square.square(x).shape == x.shape\n    assert_close(",
    )

    problems = "\n".join(verify(course, "tiny").problems)

    assert "tiny, survives: test_square_of_a_vector should fail and passes." in problems
    assert "tiny, absolute: test_square_of_a_vector should fail and passes." in problems
    assert "tiny, absolute: test_square_of_a_matrix fails too: add it to caught_by" in problems
    assert "tiny, careless: nothing: test_square_of_a_matrix could not be judged: AttributeError" in problems


@pytest.mark.usefixtures("less_careless")
def test_a_wrong_reference_and_a_stub_with_points_are_named(course):
    """Each with the test's own sentence."""
    edit(solution_folder(course, "tiny") / "square.py", "return x * x", "return x + x")
    (solution_folder(course, "tiny") / "mistakes.toml").write_text(
        '[[mistake]]\nid = "m"\nfile = "square.py"\nfind = "x + x"\nreplace = "x - x"\n'
        'symptom = "s"\nhint = "h"\n'
        'caught_by = ["test_square_of_a_vector", "test_square_of_a_matrix"]\n'
    )
    stub = template_folder(course, "tiny") / "square.py"
    stub.write_text("def square(x): return x * x\n")

    problems = "\n".join(verify(course, "tiny").problems)

    assert "tiny, reference: test_square_of_a_vector fails: square of (1, 2, 3): " in problems
    assert "tiny, stub: test_square_of_a_vector passes." in problems
    assert "tiny, stub: it gets 5 points." in problems


CUBE = """

def cube(x):
    # BEGIN SOLUTION
    return x**3
    # END SOLUTION
"""
CUBE_TEST = """

@number("1.1")
@weight(1)
def test_cube(student):
    \"\"\"The cube of 3 is 27.\"\"\"
    assert_close(student.square.cube(3.0), 27.0, what="cube of 3")
"""
CUBE_MISTAKES = """
[[mistake]]
id = "cube-is-square"
file = "square.py"
find = "x**3"
replace = "x**2"
symptom = "s"
hint = "h"
caught_by = ["test_cube"]

[[mistake]]
id = "cube-survives"
file = "square.py"
find = "x**3"
replace = "1.0 * x**3"
symptom = "s"
hint = "h"
caught_by = ["test_cube"]
"""


def add_cube(course):
    """A second function, of one point, with its test and two mistakes, of which one survives."""
    solutions = solution_folder(course, "tiny")
    for path, text in (
        (solutions / "square.py", CUBE),
        (course / "assignments/tiny/tests/test_1_1_square.py", CUBE_TEST),
        (solutions / "mistakes.toml", CUBE_MISTAKES),
    ):
        path.write_text(path.read_text() + text)
    edit(course / "assignments/tiny/assignment.toml", "points = 5", "points = 6")


@pytest.mark.usefixtures("less_careless")
def test_mistakes_that_no_test_sees_together_share_a_submission(course, monkeypatch):
    """Two mistakes of each function make two submissions; each is still judged by its own tests alone."""
    graded = []

    def counting(runs, **rest):
        graded.append(len(runs))
        return grade_all(runs, **rest)

    monkeypatch.setattr("autograder.verify.grade_all", counting)
    add_cube(course)

    found = verify(course, "tiny")

    assert found.problems == ["tiny, cube-survives: test_cube should fail and passes."]
    assert found.trial("absolute").failed == {"test_square_of_a_matrix"}
    assert found.trial("cube-is-square").failed == {"test_cube"}
    assert [found.trial(name).points for name in ("doubled", "cube-is-square", "cube-survives")] == [1, 5, 6]
    assert sum(graded) == len(["reference", "seed 1", "stub", "careless"]) + 2


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.usefixtures("less_careless")
def test_a_mistake_does_not_hide_behind_another(course, quick):
    """The cube's test squares too: among mistakes in the square it would fail for those."""
    add_cube(course)
    edit(
        course / "assignments/tiny/tests/test_1_1_square.py",
        "student.square.cube(3.0), 27.0",
        "student.square.cube(student.square.square(3.0)), 729.0",
    )
    path = solution_folder(course, "tiny") / "mistakes.toml"
    path.write_text('end_to_end = ["test_cube"]\n\n' + path.read_text())

    problems = verify(course, "tiny", quick=quick).problems

    assert problems == ["tiny, cube-survives: test_cube should fail and passes."]


def test_quick_leaves_out_what_should_pass(course):
    """It finds what survives, and tries one careless answer, one seed and one test for each mistake."""
    add_cube(course)
    edit(solution_folder(course, "tiny") / "mistakes.toml", '["test_square_of_a_vector", ', "[")
    survivor = "tiny, cube-survives: test_cube should fail and passes."

    thorough, quick = (verify(course, "tiny", quick=quick) for quick in (False, True))

    assert quick.problems == [survivor]
    assert [thorough.problems[0].partition(":")[0], thorough.problems[1]] == ["tiny, doubled", survivor]
    assert "test_square_of_a_vector fails too: add it to caught_by" in thorough.problems[0]
    left_out = [trial.name for trial in thorough.trials if trial.name not in {t.name for t in quick.trials}]
    careless = [f"careless: {name}" for name in CARELESS]
    assert left_out == ["reference, seed 1", *careless[1:]]


@pytest.mark.usefixtures("less_careless")
def test_a_grader_that_fails_what_is_right_with_other_inputs_is_named(course, monkeypatch):
    """With the seed, so that it can be graded again."""
    monkeypatch.setattr("autograder.verify.SEEDS", range(1, 9))
    edit(
        solution_folder(course, "tiny") / "tests/test_1_1_square.py",
        "assert_close(student.square.square(x), x * x",
        "assert_close(student.square.square(x), x * (np.nan if x[0, 0] < 0 else x)",
    )
    path = solution_folder(course, "tiny") / "tests/test_1_1_square.py"
    path.write_text("import numpy as np\n" + path.read_text())

    problems = verify(course, "tiny").problems

    named = [text.partition(":")[0] for text in problems if "seed" in text]
    assert 0 < len(named) < 8
    assert set(named) <= {f"tiny, reference, seed {seed}" for seed in range(1, 9)}


@pytest.mark.usefixtures("less_careless")
def test_an_end_to_end_test_runs_for_the_mistakes_that_name_it(course):
    """The other mistakes fail it too, and need not say so; reference and stub run it as ever."""
    path = solution_folder(course, "tiny") / "mistakes.toml"
    text = path.read_text().replace('["test_square_of_a_vector", ', "[")
    path.write_text('end_to_end = ["test_square_of_a_vector"]\n\n' + text)

    found = verify(course, "tiny")

    assert found.problems == []
    assert found.trial("doubled").failed == {"test_square_of_a_matrix"}
    assert found.trial("stub").failed == {"test_square_of_a_matrix", "test_square_of_a_vector"}


def test_points_that_do_not_add_up_are_an_error(course):
    """Before any time is spent on mistakes."""
    edit(course / "assignments/tiny/assignment.toml", "points = 5", "points = 6")
    with pytest.raises(ManifestError, match=r"part 1\.1: the manifest says 6, its tests sum to 5"):
        verify(course, "tiny")


def test_graders_that_cannot_be_loaded_are_an_error(course):
    """With what is wrong with them, not with points that do not add up."""
    edit(
        course / "assignments/tiny/tests/test_1_1_square.py",
        '"""The square of (1, 2, 3) is (1, 4, 9)."""',
        "pass",
    )
    with pytest.raises(ManifestError, match=r"Its graders cannot be loaded\. [\s\S]*test_square_of_a_vector"):
        verify(course, "tiny")


def test_a_mistake_that_names_no_test_is_an_error(course):
    """With the name that was meant."""
    path = solution_folder(course, "tiny") / "mistakes.toml"
    path.write_text(path.read_text().replace("test_square_of_a_matrix", "test_square_of_a_matrx"))
    with pytest.raises(MistakeError, match=r"there is no test 'test_square_of_a_matrx'\. Did you mean"):
        verify(course, "tiny")
