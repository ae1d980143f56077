"""Which of the names that any version defines can be imported in the environment that runs this file.

    python importable.py RESULT.json MEASURED.json ...

The names are the ``defined`` ones of every measurement (measure.py). Looked up as the unpickler does, since a module
may answer for names that it does not list. Python 3.7+.
"""

import importlib
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")

import sklearn.ensemble  # noqa: E402, F401 - some names resolve only after this (``_loss``)

try:
    import sklearn._loss._loss  # noqa: F401
except ImportError:
    pass


def importable(name):
    module, _, called = name.partition(":")
    try:
        thing = importlib.import_module(module)
        for part in called.split("."):
            thing = getattr(thing, part)
    except BaseException:
        return False
    return True


def main(argv):
    names = set()
    for path in argv[1:]:
        with open(path) as file:
            for package in json.load(file)["surface"].values():
                names.update(package["defined"])
    found = sorted(name for name in names if importable(name))
    with open(argv[0] + ".part", "w") as out:
        json.dump(found, out)
    os.replace(argv[0] + ".part", argv[0])
    print("%d of %d" % (len(found), len(names)))


if __name__ == "__main__":
    main(sys.argv[1:])
