"""Measure, in the environment that runs this file, what a static check has to know about its versions.

    python measure.py FOLDER_OF_ARTEFACTS RESULT.json

* ``surface``: what can be imported, of the packages that model files name.
* ``needs``: for each class, the state keys without which an object of it cannot answer. Measured by taking each key
  away from the state of each artefact made here (see make.py), giving the object that state, and asking again.
* ``records``: the fields of the structured arrays in those states.
* ``defaults``: the parameters of each estimator and their defaults.

It unpickles: only for artefacts made here. Python 3.7+, scikit-learn 0.20+.
"""

import importlib
import inspect
import json
import os
import pkgutil
import signal
import sys
import types
import warnings

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
warnings.simplefilter("ignore")

import joblib  # noqa: E402
import make  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import scipy  # noqa: E402
import sklearn  # noqa: E402

SKIPPED = {
    "sklearn": ("tests", "conftest", "setup", "_build_utils", "datasets", "_testing", "testing", "mocking", "_mocking", "__check_build"),
    "numpy": ("tests", "testing", "f2py", "distutils", "conftest", "setup", "compat", "typing", "_pyinstaller", "generate_numpy_api"),
    "scipy": ("tests", "conftest", "setup", "_build_utils", "weave", "datasets", "_lib", "misc", "io", "odr", "fftpack", "ndimage", "cluster", "_external"),
    "joblib": ("test", "testing", "externals"),
    "pandas": ("tests", "conftest", "io", "plotting", "util", "_testing", "testing", "tseries", "compat", "computation", "_version"),
}
CALLABLE = (type, types.FunctionType, types.BuiltinFunctionType, np.ufunc, types.MethodType)


def surface(name):
    """module -> names that can be imported from it: classes, functions, ufuncs of the package itself."""
    package = importlib.import_module(name)
    found = {}
    skipped = SKIPPED[name]
    for module in [name] + [i.name for i in pkgutil.walk_packages(package.__path__, name + ".", onerror=lambda _: None)]:
        if any(part in skipped for part in module.split(".")[1:]):
            continue
        try:
            loaded = importlib.import_module(module)
        except BaseException:
            continue
        names = [n for n in dir(loaded) if kept(name, n, getattr(loaded, n, None))]
        found[module] = names
    return found


def kept(package, name, thing):
    if isinstance(thing, np.ufunc):
        return package in ("numpy", "scipy")
    if callable(thing) and (name.startswith("__pyx_unpickle") or name == "newObj"):
        return True
    if not (inspect.isclass(thing) or callable(thing)) or name.startswith("__"):
        return False
    module = getattr(thing, "__module__", None) or ""
    return module.split(".")[0] in (package, "_loss", "_cyutility", "") or (package == "numpy" and module == "builtins")


def defined(found):
    """The names under which pickle would write them: where each is defined, and what it is (class or function)."""
    out = {}
    for module, names in found.items():
        loaded = sys.modules[module]
        for name in names:
            thing = getattr(loaded, name, None)
            where, called = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None) or getattr(thing, "__name__", "")
            if isinstance(thing, np.ufunc) or where is None:
                where, called = module, name
            out["%s:%s" % (where, called)] = "class" if inspect.isclass(thing) else "function"
    return out


# --- what an object needs to answer ----------------------------------------------------------------------------------


def objects(root):
    """Every object of scikit-learn's with a dict, reachable from the root, each once."""
    todo, seen = [root], set()
    while todo:
        value = todo.pop(0)
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, (list, tuple, set)):
            todo.extend(value)
        elif isinstance(value, dict):
            todo.extend(value.values())
        elif isinstance(value, np.ndarray):
            if value.dtype == object:
                todo.extend(value.ravel().tolist())
        elif hasattr(value, "__dict__") and not isinstance(value, (type, types.ModuleType, types.FunctionType)):
            todo.extend(vars(value).values())
            if type(value).__module__.split(".")[0] == "sklearn":
                yield value


def state_of(thing):
    try:
        state = thing.__reduce_ex__(2)[2]
    except Exception:
        return None
    return state if isinstance(state, dict) else None


def set_state(thing, state):
    vars(thing).clear()
    if hasattr(thing, "__setstate__"):
        thing.__setstate__(state)
    else:
        vars(thing).update(state)


def same(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-6 or (a != a and b != b)
    return a == b


class Needs(object):
    def __init__(self):
        self.classes, self.records = {}, {}

    def artefact(self, folder):
        with open(os.path.join(folder, "golden.json")) as file:
            golden = json.load(file)
        model = joblib.load(os.path.join(folder, golden["file"]))
        X = rows_of(golden["rows"], 12)
        asked = [name for name in golden["answers"]]
        expected = make.answers(model, X, asked)
        done = set()
        for thing in list(objects(model)):
            state = state_of(thing)
            if state is None:
                continue
            mark = (type(thing), tuple(sorted(state)))
            if mark in done:
                continue
            done.add(mark)
            self.fields(thing, state)
            self.keys(thing, state, model, X, asked, expected)

    def keys(self, thing, state, model, X, asked, expected):
        saved, verdicts = dict(vars(thing)), {}
        for key in state:
            if key == "_sklearn_version":
                continue
            verdicts[key] = self.without(key, thing, state, model, X, asked, expected)
            vars(thing).clear()
            vars(thing).update(saved)
        if not any(v != "fine" for v in verdicts.values()):
            return  # not asked for anything: an unfitted copy
        entry = self.classes.setdefault(type(thing).__module__ + ":" + type(thing).__qualname__, {"seen": 0, "keys": {}})
        entry["seen"] += 1
        for key, verdict in verdicts.items():
            counts = entry["keys"].setdefault(key, {"present": 0, "breaks": 0, "drifts": 0})
            counts["present"] += 1
            if verdict != "fine":
                counts[verdict] += 1

    def without(self, key, thing, state, model, X, asked, expected):
        try:
            set_state(thing, {k: v for k, v in state.items() if k != key})
            got = {}
            for name in asked:
                if name in expected:
                    got[name] = make.plain(getattr(model, name)(X))
        except Exception:
            return "breaks"
        return "fine" if same([got[n] for n in sorted(got)], [expected[n] for n in sorted(got)]) else "drifts"

    def fields(self, thing, state):
        for key, value in state.items():
            for inner in [value] + (list(value) if isinstance(value, (list, tuple)) else []):
                for record in [inner] + (list(inner) if isinstance(inner, list) else []):
                    self.field(type(record), record)

    def field(self, kind, record):
        try:
            state = record.__reduce__()[2] if kind.__module__.startswith("sklearn.tree") else vars(record)
        except Exception:
            return
        for value in (state or {}).values() if isinstance(state, dict) else ():
            if isinstance(value, np.ndarray) and value.dtype.names:
                self.records[kind.__module__ + ":" + kind.__name__] = [[n, value.dtype[n].str.lstrip("<>|=")] for n in value.dtype.names]


def rows_of(rows, most):
    """The rows that golden.json keeps, at most so many, as they were given."""
    if rows["kind"] == "list":
        return rows["values"][:most]
    if rows["kind"] == "series":
        return pd.Series(rows["values"][:most])
    columns = {}
    for index, name in enumerate(rows["columns"]):
        values = [np.nan if row[index] is None else row[index] for row in rows["values"][:most]]
        columns[name] = pd.Series(values, dtype=object if any(isinstance(v, str) for v in values) else float)
    return pd.DataFrame(columns, columns=rows["columns"])


def defaults(found):
    out = {}
    for module, names in found.items():
        for name in names:
            thing = getattr(sys.modules[module], name, None)
            if inspect.isclass(thing) and thing.__module__ == module and issubclass(thing, sklearn.base.BaseEstimator):
                parameters = inspect.signature(thing.__init__).parameters
                out["%s:%s" % (module, name)] = {
                    k: (v.default if isinstance(v.default, (str, int, float, bool, type(None))) else repr(type(v.default)))
                    for k, v in parameters.items() if k != "self" and v.default is not v.empty
                }
    return out


def main(argv):
    needs = Needs()

    def expire(*_):
        raise RuntimeError("took too long")
    signal.signal(signal.SIGALRM, expire)
    failed = {}
    for name in sorted(os.listdir(argv[0])):
        folder = os.path.join(argv[0], name)
        if not os.path.exists(os.path.join(folder, "golden.json")) or name.startswith(("custom__", "fmt__")):
            continue
        signal.alarm(120)
        try:
            needs.artefact(folder)
        except Exception as error:
            failed[name] = repr(error)[:200]
        finally:
            signal.alarm(0)
    surfaces = {}
    for package in ("sklearn", "numpy", "scipy", "joblib", "pandas"):
        found = surface(package)
        surfaces[package] = {"defined": defined(found)}
        if package == "sklearn":
            parameters = defaults(found)
    versions = {m.__name__: m.__version__ for m in (sklearn, np, scipy, joblib, pd)}
    versions["python"] = "%d.%d.%d" % sys.version_info[:3]
    with open(argv[1] + ".part", "w") as out:
        json.dump({"versions": versions, "surface": surfaces, "needs": needs.classes, "records": needs.records,
                   "defaults": parameters, "failed": failed}, out, sort_keys=True)
    os.replace(argv[1] + ".part", argv[1])
    print("%d classes, %d failed" % (len(needs.classes), len(failed)))


if __name__ == "__main__":
    main(sys.argv[1:])
