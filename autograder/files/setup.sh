#!/usr/bin/env bash
# Builds the image, as root: a virtual environment with the pinned requirements beside
# the system's Python, which Gradescope's own harness needs as it is.
set -euo pipefail
umask 022 # student code runs as another user, who must be able to read the libraries

root="${AUTOGRADER_ROOT:-/autograder}"
python="${AUTOGRADER_PYTHON:-/usr/bin/python3}"
source="$root/source"
venv="$root/venv"

fail() { # place, problem, remedy
    printf 'setup.sh: %s: %s %s\n' "$1" "$2" "$3" >&2
    exit 1
}

say() { printf 'setup.sh: %s\n' "$1"; }

[ -x "$python" ] ||
    fail "$python" "There is no such program." "Choose an image with Python 3.10 to 3.13, or set AUTOGRADER_PYTHON."
"$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' ||
    fail "$python" "This is $("$python" --version 2>&1)." "Choose an image with Python 3.10 to 3.13, or set AUTOGRADER_PYTHON."
[ -f "$source/requirements.txt" ] ||
    fail "$source" "There is no requirements.txt." "Zip the files, not the folder that they are in."

packages=()
"$python" -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
"$python" -c 'import ctypes; ctypes.CDLL("libseccomp.so.2")' 2>/dev/null || packages+=(libseccomp2)
if [ "${#packages[@]}" -gt 0 ]; then
    say "installing ${packages[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}" ||
        fail "apt-get" "It cannot install ${packages[*]}." "Read its output above; build on an image of Debian or Ubuntu, as root, with network."
fi

say "making the virtual environment with $("$python" --version)"
rm -rf "$venv"
"$python" -m venv "$venv" ||
    fail "$venv" "The virtual environment cannot be made." "Read the output above; $python may lack its venv module."

indexes=()
if [ -f "$source/package_index" ]; then # asked first: pip would try an index that is away for minutes
    url="$(cat "$source/package_index")"
    if "$venv/bin/python" -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=20)' "$url" 2>/dev/null; then
        indexes=(--extra-index-url "$url")
    else
        say "$url cannot be reached: going on without it, so packages may be larger than they need to be"
    fi
fi

say "installing requirements.txt"
"$venv/bin/python" -m pip install --quiet --no-cache-dir --no-input --disable-pip-version-check \
    "${indexes[@]}" --requirement "$source/requirements.txt" ||
    fail "$source/requirements.txt" "These packages cannot be installed." "Read pip's output above; check the network and the pinned versions."
"$venv/bin/python" -m pip --disable-pip-version-check check ||
    fail "$source/requirements.txt" "The pinned versions contradict each other." "Change the pins that are named above."

say "compiling and importing"
"$venv/bin/python" -m compileall -q "$source/autograder" ||
    fail "$source/autograder" "The engine cannot be compiled." "Build the zip again from a clean repository."
cd "$source"
preload="$("$venv/bin/python" - <<'PYTHON'
from pathlib import Path

import autograder.grading.plugin
import autograder.image
from autograder.manifest import load_manifest

print(*(name for path in Path().glob("*/assignment.toml") for name in load_manifest(path).sandbox.preload))
PYTHON
)" || fail "$source" "The engine cannot be imported." "Build the zip again from a clean repository; the reason stands above."

chmod 0755 "$root"
chmod 0700 "$source" # graders and hidden tests: for root only
chmod -R go=rX "$venv"
cd /
# shellcheck disable=SC2086  # a list of module names
"$venv/bin/python" -I - $preload <<'PYTHON' ||
import importlib
import os
import sys

if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for name in sys.argv[1:]:
    importlib.import_module(name)
PYTHON
    fail "$venv" "A user without privileges cannot import: $preload." "Everybody must be able to enter $venv and the folder of $python; the reason stands above."

say "done"
