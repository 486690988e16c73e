"""A student's notebook as a page: what is in it, and what is said where it cannot be made."""

import base64
import os
import re
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder import report
from autograder.errors import AutograderError
from autograder.report import write_report

PIXEL = base64.b64encode(b"not really a picture").decode()
ENGINE = """\
#!/bin/sh
echo "$@" > "{log}"
{action}
"""


def notebook_file(folder: Path, text: str = "What I saw.", run: bool = True) -> Path:
    """A notebook with a text, a picture and a progress bar."""
    bar = new_output("stream", name="stdout", text="half\rwhole\n")
    picture = new_output("display_data", data={"image/png": PIXEL})
    cells = [
        new_markdown_cell(f"# Title\n\n{text}"),
        new_code_cell("draw()", execution_count=1, outputs=[bar, picture]),
        new_code_cell("later()", execution_count=2 if run else None),
        new_code_cell("", execution_count=None),
    ]
    path = folder / "experiments.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A PATH of our own, and a function that puts a program on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def add(name: str, action: str) -> Path:
        log = tmp_path / f"{name}.log"
        (folder / name).write_text(ENGINE.format(log=log, action=action))
        (folder / name).chmod(0o755)
        return log

    return add


def message(path: Path) -> str:
    """What a refused notebook's author reads."""
    with pytest.raises(AutograderError) as caught:
        write_report(path, path.parent / "out")
    assert not (path.parent / "out").exists()
    return str(caught.value)


@pytest.mark.usefixtures("programs")
def test_report_is_one_page_that_needs_nothing_else(tmp_path):
    """Images are in it; it loads nothing, and what it may load is forbidden."""
    path = notebook_file(tmp_path)

    said = write_report(path, tmp_path / "new" / "folder")

    page = tmp_path / "new" / "folder" / "experiments.html"
    html = page.read_text(encoding="utf-8")
    assert said[0] == f"{page}: the report as one page."
    assert f"data:image/png;base64,{PIXEL}" in html
    assert "<h1" in html
    assert "What I saw." in html
    assert re.findall(r"<(?:script|link|iframe)[^>]*(?:src|href)=", html) == []
    assert "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"" in html


@pytest.mark.usefixtures("programs")
def test_report_shows_the_last_state_of_a_progress_bar(tmp_path):
    """What a bar wrote over is not in the page."""
    path = notebook_file(tmp_path)

    write_report(path, tmp_path)

    html = (tmp_path / "experiments.html").read_text(encoding="utf-8")
    assert "whole" in html
    assert "half" not in html


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("formula", ["Near $\\log C$.", "\\begin{align}a\\end{align}"])
def test_report_with_formulas_says_that_they_need_the_network(tmp_path, formula):
    """MathJax is then the only script from elsewhere, and the policy allows its host alone."""
    said = write_report(notebook_file(tmp_path, formula), tmp_path)

    html = (tmp_path / "experiments.html").read_text(encoding="utf-8")
    scripts = re.findall(r'<script[^>]*src="([^"]*)"', html)
    assert len(scripts) == 1
    assert scripts[0].startswith("https://cdnjs.cloudflare.com/ajax/libs/mathjax/")
    assert "script-src 'unsafe-inline' 'unsafe-eval' https://cdnjs.cloudflare.com\"" in html
    assert said[0].endswith(
        "Its formulas are set by MathJax, which needs the network when the page is opened."
    )


def test_report_of_a_notebook_that_was_not_run_is_refused(tmp_path):
    """The message counts the cells and says what to do; nothing is written. Empty cells do not count."""
    path = notebook_file(tmp_path, run=False)

    assert message(path) == (
        f"{path}: 1 of 2 code cells have not been run, so the report would lack their results. "
        "Run it first: open it, run all cells, save it, and make the report again."
    )


def test_report_of_something_else_is_refused(tmp_path):
    """No file, no JSON, JSON of another kind."""
    path = tmp_path / "experiments.ipynb"
    assert message(path) == f"{path}: There is no such notebook. Name a file that is there."

    for text in ("print(1)", "[1, 2]", '{"cells": 3}'):
        path.write_text(text)
        assert message(path).startswith(f"{path}: This is not a notebook (")
        assert message(path).endswith("). Save it again in Jupyter, then make the report.")


@pytest.mark.usefixtures("programs")
def test_report_without_an_engine_says_so(tmp_path):
    """The page is there; the sentence names what was looked for and the way by hand."""
    said = write_report(notebook_file(tmp_path), tmp_path)

    assert said[1].startswith("No PDF: neither a browser (chromium, ")
    assert said[1].endswith(f"Open {tmp_path / 'experiments.html'} in any browser and print it to a file.")
    assert not (tmp_path / "experiments.pdf").exists()


def test_report_is_printed_by_a_browser(tmp_path, programs):
    """The first browser on PATH gets the page's address and the PDF's place."""
    pdf = tmp_path / "experiments.pdf"
    log = programs("google-chrome", f"echo '%PDF-1.4' > '{pdf}'")

    said = write_report(notebook_file(tmp_path), tmp_path)

    assert said[1] == f"{pdf}: the same as a PDF, made with google-chrome."
    called = log.read_text()
    assert f"--print-to-pdf={pdf}" in called
    assert (tmp_path / "experiments.html").as_uri() in called
    assert ("--no-sandbox" in called) == (os.geteuid() == 0)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("echo starting >&2; echo 'no display' >&2; exit 3", "no display"),
        ("exit 3", "exit status 3"),
        ("exit 0", "it wrote nothing"),
    ],
)
def test_report_tells_why_a_browser_failed(tmp_path, programs, action, reason):
    """Its last words, its exit status, or that there is no file."""
    programs("chromium", action)

    said = write_report(notebook_file(tmp_path), tmp_path)

    assert said[1] == f"No PDF: chromium failed ({reason}). Print the page from a browser."


def test_report_does_not_wait_for_ever(tmp_path, programs, monkeypatch):
    """A browser that hangs is ended."""
    monkeypatch.setattr(report, "PDF_SECONDS", 0.2)
    programs("chromium", "exec /bin/sleep 30")

    said = write_report(notebook_file(tmp_path), tmp_path)

    assert said[1] == "No PDF: chromium failed (it took more than 0.2 s). Print the page from a browser."


def test_report_tells_when_a_browser_does_not_start(tmp_path, programs, monkeypatch):
    """A program that the system refuses to run."""

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    programs("chromium", "exit 0")
    monkeypatch.setattr(subprocess, "run", refuse)

    assert (
        "chromium failed ([Errno 13] Permission denied)" in write_report(notebook_file(tmp_path), tmp_path)[1]
    )


def test_report_is_typeset_where_there_is_only_latex(tmp_path, programs, monkeypatch):
    """With pandoc, xelatex is used through nbconvert; its failure is told."""

    class Typesetter:
        failure: OSError | None = None

        def from_notebook_node(self, _):
            if self.failure:
                raise self.failure
            return b"%PDF-1.4", {}

    monkeypatch.setattr(report, "pdf_exporter", Typesetter)
    programs("xelatex", "exit 0")
    path, pdf = notebook_file(tmp_path), tmp_path / "experiments.pdf"
    assert "No PDF: neither" in write_report(path, tmp_path)[1]

    programs("pandoc", "exit 0")
    assert write_report(path, tmp_path)[1] == f"{pdf}: the same as a PDF, made with xelatex."
    assert pdf.read_bytes() == b"%PDF-1.4"

    Typesetter.failure = OSError("log\n! Undefined control sequence.")
    assert "xelatex failed (! Undefined control sequence.)" in write_report(path, tmp_path)[1]
