"""Turns an executed notebook into one HTML page, and into a PDF where a PDF engine is found.

The command line imports it. It knows notebooks, and nothing of assignments or grades.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
from nbconvert.exporters import HTMLExporter, PDFExporter
from traitlets.config import Config

from autograder.errors import AutograderError

__all__ = ["write_report"]

# These libraries publish types for some of their functions and none for these.
Notebook = Any
read_notebook: Any = nbformat.read
html_exporter: Any = HTMLExporter
pdf_exporter: Any = PDFExporter

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
PDF_SECONDS = 120

# nbconvert's page fetches require.js, Mermaid and MathJax from the network whenever it is opened.
# The first two have nothing to do in a page of text and pictures, MathJax only where there are formulas.
# The policy holds back whatever else a student's page may want to load or run when staff open it.
TEMPLATE = """\
{% extends 'lab/index.html.j2' %}
{% block html_head_js %}<meta http-equiv="Content-Security-Policy" content="POLICY">{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
"""
WITHOUT_FORMULAS = "{% block html_head_js_mathjax %}{% endblock %}\n"
PAGE_ALONE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
PAGE_WITH_MATHJAX = (
    "default-src 'none'; img-src data: {host}; style-src 'unsafe-inline' {host}; font-src {host}; "
    "script-src 'unsafe-inline' 'unsafe-eval' {host}"
)
FORMULA = re.compile(r"\$|\\\(|\\\[|\\begin\{")


def write_report(notebook: Path, out: Path) -> list[str]:
    """Write the notebook as one page with its images in it, and as a PDF if that can be done.

    Args:
        notebook: an executed notebook, as its author saved it. It is not run again: the report
            shows what the author saw.
        out: the folder for `<notebook>.html` and `<notebook>.pdf`; made if it is not there.

    Returns:
        What a person should read, a sentence each: the files written and, where there is no
        PDF, why not.

    Raises:
        AutograderError: if the notebook is missing, is none, or has cells that were not run.
    """
    content = _read(notebook)
    _refuse_unfinished(notebook, content)
    out.mkdir(parents=True, exist_ok=True)
    page, pdf = out / f"{notebook.stem}.html", out / f"{notebook.stem}.pdf"
    formulas = any(FORMULA.search(cell.source) for cell in content.cells if cell.cell_type == "markdown")
    page.write_text(_html(content, notebook.stem, formulas=formulas), encoding="utf-8")
    online = " Its formulas are set by MathJax, which needs the network when the page is opened."
    return [f"{page}: the report as one page.{online if formulas else ''}", _write_pdf(content, page, pdf)]


def _read(notebook: Path) -> Notebook:
    try:
        return read_notebook(notebook, as_version=4)
    except FileNotFoundError:
        raise AutograderError(notebook, "There is no such notebook.", "Name a file that is there.") from None
    except Exception as error:  # nbformat raises whatever its JSON and schema libraries raise
        raise AutograderError(
            notebook, f"This is not a notebook ({error}).", "Save it again in Jupyter, then make the report."
        ) from error


def _refuse_unfinished(notebook: Path, content: Notebook) -> None:
    code = [cell for cell in content.cells if cell.cell_type == "code" and cell.source.strip()]
    idle = sum(1 for cell in code if cell.execution_count is None)
    if idle:
        raise AutograderError(
            notebook,
            f"{idle} of {len(code)} code cells have not been run, so the report would lack their results.",
            "Run it first: open it, run all cells, save it, and make the report again.",
        )


def _html(content: Notebook, title: str, *, formulas: bool) -> str:
    exporter = html_exporter(
        config=Config({"CoalesceStreamsPreprocessor": {"enabled": True}}),  # of a progress bar its last state
        embed_images=True,
    )
    host = f"https://{urlsplit(exporter.mathjax_url).netloc}"
    policy = PAGE_WITH_MATHJAX.format(host=host) if formulas else PAGE_ALONE
    exporter.raw_template = TEMPLATE.replace("POLICY", policy) + ("" if formulas else WITHOUT_FORMULAS)
    html, _ = exporter.from_notebook_node(content, {"metadata": {"name": title}})
    return str(html)


def _write_pdf(content: Notebook, page: Path, pdf: Path) -> str:
    """Write the PDF with the first engine that is found; the sentence that tells how it went."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser:
        return _print_page(browser, page, pdf)
    if shutil.which("xelatex") and shutil.which("pandoc"):
        return _typeset(content, pdf)
    return (
        f"No PDF: neither a browser ({', '.join(BROWSERS)}) nor xelatex with pandoc was found. "
        f"Open {page} in any browser and print it to a file."
    )


def _print_page(browser: str, page: Path, pdf: Path) -> str:
    with tempfile.TemporaryDirectory() as profile:  # a browser that is open already would take the job over
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            "--virtual-time-budget=20000",  # milliseconds for MathJax
            f"--user-data-dir={profile}",
            f"--print-to-pdf={pdf.resolve()}",
            page.resolve().as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium does not start as root otherwise
        failure = _run(command)
    return _told(pdf, Path(browser).name, failure)


def _run(command: Sequence[str]) -> str:
    """The end of what a failed program said, "" where it did well."""
    try:
        subprocess.run(command, capture_output=True, check=True, timeout=PDF_SECONDS)
    except subprocess.TimeoutExpired:
        return f"it took more than {PDF_SECONDS} s"
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        return said[-1] if said else f"exit status {error.returncode}"
    except OSError as error:
        return str(error)
    return ""


def _typeset(content: Notebook, pdf: Path) -> str:
    failure = ""
    try:
        data, _ = pdf_exporter().from_notebook_node(content)
        pdf.write_bytes(data)
    except OSError as error:  # nbconvert's for a LaTeX that failed is an OSError
        failure = (str(error).strip().splitlines() or ["no reason given"])[-1]
    return _told(pdf, "xelatex", failure)


def _told(pdf: Path, engine: str, failure: str) -> str:
    if failure or not pdf.is_file():
        return f"No PDF: {engine} failed ({failure or 'it wrote nothing'}). Print the page from a browser."
    return f"{pdf}: the same as a PDF, made with {engine}."
