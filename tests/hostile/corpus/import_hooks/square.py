"""Puts hooks in front of every import, and classes of its own in the place of the modules that are there.

Threat: C17, C18.
"""

import builtins
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType


class Answer(ModuleType):
    def __getattr__(self, name):
        return lambda *_, **__: True

    def __call__(self, *_, **__):
        return True


class Finder:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self)

    def create_module(self, spec):
        return Answer(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path[:] = [Finder()]
sys.path_hooks[:] = [lambda path: Finder()]
sys.path_importer_cache.clear()
builtins.__import__ = lambda name, *_, **__: Answer(name)
for name in list(sys.modules):
    if name.startswith(("autograder", "importlib", "json", "struct", "cube", "model")):
        sys.modules[name] = Answer(name)


def square(x):
    return Answer("array")
