"""Train the catalogue in the environment that runs this file, and save each model with the answers it must give.

    python make.py FOLDER [ARTEFACT ...]

Per artefact ``FOLDER/ARTEFACT/model.joblib`` (or ``model.pkl``) and ``golden.json``; ``FOLDER/env.json`` holds the
versions, ``FOLDER/skipped.json`` what this version cannot make and why. Python 3.7+, scikit-learn 0.20+.
"""

import importlib
import inspect
import io
import json
import os
import pickle
import pkgutil
import sys
import warnings

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
warnings.simplefilter("ignore")

import catalogue as plan  # noqa: E402
import joblib  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import scipy  # noqa: E402
import scipy.stats  # noqa: E402
import sklearn  # noqa: E402

TRAINED, ASKED = 300, 40


class AbsoluteLog(sklearn.base.BaseEstimator, sklearn.base.TransformerMixin):
    """A transformer of the script's own: its code is not in the file."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.log1p(np.abs(np.asarray(X, dtype=float)))


# --- data -------------------------------------------------------------------------------------------------------


def frame():
    """Customers: six numbers, two words, one text, with gaps; the same in every version (RandomState is frozen)."""
    r = np.random.RandomState(11)
    n = TRAINED + ASKED
    data = pd.DataFrame({
        "amount": np.exp(r.normal(3, 1, n)).round(2), "balance": r.normal(1200, 800, n).round(2),
        "age": r.randint(18, 90, n).astype(float), "utilisation": r.beta(2, 5, n).round(4),
        "late": r.poisson(0.7, n).astype(float), "income": np.exp(r.normal(10, 0.4, n)).round(2),
        "segment": np.array(["retail", "student", "premium", "business"], dtype=object)[r.randint(0, 4, n)],
        "region": np.array(["north", "south", "east", "west", "islands"], dtype=object)[
            r.choice(5, n, p=[0.3, 0.3, 0.2, 0.17, 0.03])],
    })  # fmt: skip
    said = np.array(["groceries", "rent", "salary", "petrol", "transfer", "fee", "cash", "refund"])
    data["memo"] = [" ".join(said[r.randint(0, 8, 3)]) for _ in range(n)]
    score = 2 * data.utilisation + 0.6 * data.late - data.balance / 2500 + r.normal(0, 0.4, n)
    score = (score + 0.3 * (data.segment == "student")).values
    gaps = data.copy()
    for column in ("balance", "utilisation", "income", "segment", "region"):
        gaps.loc[r.rand(n) < 0.07, column] = np.nan
    return data, gaps, targets(score, r)


def targets(score, r):
    """Every kind of answer that an estimator can learn."""
    binary = (score > np.median(score)).astype(int)
    return {
        "binary": binary, "three": np.digitize(score, np.percentile(score, [33, 66])),
        "number": 4 + 2 * score, "positive": 1 + 2 * (score - score.min()), "nothing": None,
        "two": np.column_stack([score, score ** 2]), "labels": np.column_stack([binary, (r.rand(len(score)) > 0.5).astype(int)]),
    }  # fmt: skip


def view(data, gaps, kind):
    return {
        "numbers": lambda: data[plan.NUMBERS], "gaps": lambda: gaps[plan.NUMBERS], "all": lambda: gaps[plan.NUMBERS + plan.WORDS],
        "positive": lambda: data[plan.NUMBERS].abs(), "words": lambda: data[plan.WORDS], "wordgaps": lambda: gaps[plan.WORDS],
        "text": lambda: data["memo"], "one": lambda: data["age"], "dicts": lambda: data[["age", "region"]].to_dict("records"),
        "full": lambda: data[plan.NUMBERS + plan.WORDS],
    }[kind]()  # fmt: skip


def split(X):
    if isinstance(X, list):
        return X[:TRAINED], X[TRAINED:]
    return X.iloc[:TRAINED].reset_index(drop=True), X.iloc[TRAINED:].reset_index(drop=True)


# --- scikit-learn's names --------------------------------------------------------------------------------------------


def discover():
    """Every public class and the functions the catalogue names, by name, wherever this version keeps them."""
    for experiment in ("enable_hist_gradient_boosting", "enable_iterative_imputer", "enable_halving_search_cv"):
        try:
            importlib.import_module("sklearn.experimental." + experiment)
        except ImportError:
            pass
    found = {"np": np, "stats": scipy.stats, "slice": slice}
    estimators = {}
    for info in pkgutil.iter_modules(sklearn.__path__):
        if info.name.startswith("_") or info.name in ("conftest", "setup", "tests", "externals", "datasets", "experimental"):
            continue
        module = importlib.import_module("sklearn." + info.name)
        names = list(getattr(module, "__all__", None) or dir(module))
        if info.name == "gaussian_process":
            module_kernels = importlib.import_module("sklearn.gaussian_process.kernels")
            found.update({n: getattr(module_kernels, n) for n in ("RBF", "Matern", "WhiteKernel", "ConstantKernel")})
        if info.name == "feature_extraction":
            text = importlib.import_module("sklearn.feature_extraction.text")
            names, module = names + list(text.__all__), _Both(module, text)
        for name in names:
            thing = getattr(module, name, None)
            if inspect.isclass(thing) and issubclass(thing, sklearn.base.BaseEstimator):
                found[name] = lenient(thing)
                if not inspect.isabstract(thing) and not name.startswith("_"):
                    estimators[name] = thing
            elif inspect.isfunction(thing) or inspect.isclass(thing):
                found.setdefault(name, thing)
    return found, estimators


class _Both(object):
    def __init__(self, *modules):
        self.modules = modules

    def __getattr__(self, name):
        for module in self.modules:
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(name)


def lenient(cls):
    """The class, called with only those options that this version knows."""
    known = inspect.signature(cls.__init__).parameters

    def build(*args, **options):
        return cls(*args, **{k: v for k, v in options.items() if k in known})
    return build


# --- answers ----------------------------------------------------------------------------------------------------


def plain(value):
    if hasattr(value, "toarray"):
        value = value.toarray()
    if isinstance(value, list):  # multi-output probabilities
        return [plain(v) for v in value]
    value = np.asarray(value)
    if value.dtype.kind in "fc":
        return np.where(np.isfinite(value), value.astype(object), None).tolist()
    if value.dtype == object:
        return [[None if isinstance(c, float) and c != c else c for c in np.atleast_1d(row)] for row in value.tolist()]
    return value.tolist()


def answers(model, X, asked):
    given = {}
    for name in asked:
        try:
            method = getattr(model, name)
            given[name] = plain(method(X))
        except AttributeError:  # not there, or (old versions) there and refusing
            continue
    return given


def rows(X):
    if isinstance(X, list):
        return {"kind": "list", "values": X}
    if isinstance(X, pd.Series):
        return {"kind": "series", "values": X.tolist()}
    return {"kind": "frame", "columns": list(X.columns), "values": [[None if c != c else c for c in row] for row in X.values.tolist()]}


PREDICTS, TRANSFORMS = ("predict", "predict_proba", "decision_function", "score_samples"), ("transform",)


class Lab(object):
    def __init__(self, root, only):
        self.root, self.only, self.skipped = root, only, {}
        self.data, self.gaps, self.y = frame()
        self.names, self.estimators = discover()

    def build(self, expression):
        return eval(expression, dict(self.names))

    def fitted(self, model, kind, target):
        X, _ = split(view(self.data, self.gaps, kind))
        y = self.y[target]
        return model.fit(X) if y is None else model.fit(X, y[:TRAINED])

    def save(self, artefact, model, kind, asked, dump=joblib.dump, file="model.joblib"):
        _, X = split(view(self.data, self.gaps, kind))
        given = answers(model, X, asked)
        if not given:
            raise ValueError("nothing to ask")
        folder = os.path.join(self.root, artefact)
        os.makedirs(folder, exist_ok=True)
        dump(model, os.path.join(folder, file))
        with open(os.path.join(folder, "golden.json"), "w") as out:
            json.dump({"file": file, "rows": rows(X), "answers": given}, out, default=lambda o: o.item())

    def attempt(self, artefact, work):
        if self.only and artefact not in self.only:
            return
        try:
            work()
        except Exception as error:
            self.skipped[artefact] = "%s: %s" % (type(error).__name__, str(error)[:200])

    def one(self, artefact, expression, kind, target, asked, **how):
        self.attempt(artefact, lambda: self.save(artefact, self.fitted(self.build(expression), kind, target), kind, asked, **how))

    def run(self):
        for name, (expression, target) in plan.ESTIMATORS.items():
            thin = "Pipeline([('scale', StandardScaler()), ('model', %s)])" % expression
            self.one("thin__" + name, thin, "numbers", target, PREDICTS)
            if name in plan.FULL:
                whole = "Pipeline([('prep', %s), ('model', %s)])" % (plan.PREPROCESSOR, expression)
                self.one("full__" + name, whole, "all", target, PREDICTS)
        for name, (expression, kind) in plan.PREPROCESSORS.items():
            self.one("prep__" + name, expression, kind, "binary", TRANSFORMS)
        for name in ("RandomForestClassifier", "DecisionTreeRegressor", "HistGradientBoostingClassifier", "ExtraTreesClassifier"):
            expression, target = plan.ESTIMATORS.get(name, (name + "(n_estimators=8, random_state=0)", "binary"))
            self.one("bare__%s_nan" % name, expression, "gaps", target, PREDICTS)
        self.one("full__HistGradientBoostingClassifier_categorical", "Pipeline([('p', ColumnTransformer([('c', OrdinalEncoder(), %r)], "
                 "remainder='passthrough')), ('m', HistGradientBoostingClassifier(max_iter=15, random_state=0, "
                 "categorical_features=[0, 1]))])" % plan.WORDS, "full", "binary", PREDICTS)
        self.defaults()
        self.formats()
        self.customs()

    def defaults(self):
        for name in sorted(self.estimators):
            if name not in plan.LEFT_OUT:
                self.attempt("all__" + name, lambda name=name: self.default(name))

    def default(self, name):
        """The estimator with its defaults, on the first kind of data that it takes."""
        last = None
        for kind in ("numbers", "positive", "words", "text", "one", "dicts"):
            for target in ("binary", "number", "two", "labels", "nothing"):
                try:
                    model = self.build("%s(%s)" % (name, plan.ARGUMENTS.get(name, "")))
                    if "random_state" in model.get_params(deep=False) and name != "TSNE":
                        model.set_params(random_state=0)
                    model = self.fitted(model, kind, target)
                    return self.save("all__" + name, model, kind, PREDICTS + TRANSFORMS)
                except Exception as error:
                    last = last or error
        raise last

    def formats(self):
        def pickled(protocol):
            def dump(model, path):
                with open(path, "wb") as out:
                    pickle.dump(model, out, protocol=protocol)
            return dump
        ways = {"joblib_" + n: (lambda m, p, n=n: joblib.dump(m, p, compress=(n, 3)), "model.joblib") for n in ("gzip", "bz2", "lzma", "xz", "lz4")}
        ways["joblib_zlib3"] = (lambda m, p: joblib.dump(m, p, compress=3), "model.joblib")
        ways.update({"joblib_protocol%d" % n: (lambda m, p, n=n: joblib.dump(m, p, protocol=n), "model.joblib") for n in (2, 5)})
        ways.update({"pickle%d" % n: (pickled(n), "model.pkl") for n in (0, 1, 2, 3, 4, 5)})
        for name in ("LogisticRegression", "RandomForestClassifier"):
            whole = "Pipeline([('prep', %s), ('model', %s)])" % (plan.PREPROCESSOR, plan.ESTIMATORS[name][0])
            for way, (dump, file) in ways.items():
                self.one("fmt__%s__%s" % (name, way), whole, "all", plan.ESTIMATORS[name][1], PREDICTS, dump=dump, file=file)

    def customs(self):
        linear = "LinearRegression()"
        pipeline = self.names["Pipeline"]

        def fit(step):
            return self.fitted(pipeline([("own", step), ("lr", self.build(linear))]), "numbers", "number")

        def cloudpickled(model, path):
            import cloudpickle
            with open(path, "wb") as out:
                cloudpickle.dump(model, out, protocol=4)
        own = self.names["FunctionTransformer"]
        self.attempt("custom__class_in_main", lambda: self.save("custom__class_in_main", fit(AbsoluteLog()), "numbers", PREDICTS))
        self.attempt("custom__class_cloudpickle", lambda: self.save(
            "custom__class_cloudpickle", fit(AbsoluteLog()), "numbers", PREDICTS, dump=cloudpickled, file="model.pkl"))
        self.attempt("custom__lambda_cloudpickle", lambda: self.save(
            "custom__lambda_cloudpickle", fit(own(func=lambda X: np.log1p(np.abs(X)), validate=False)), "numbers", PREDICTS,
            dump=cloudpickled, file="model.pkl"))
        self.attempt("custom__private_module", lambda: self.save("custom__private_module", fit(private_step()), "numbers", PREDICTS))


def private_step():
    """A transformer of a module that only this process has."""
    import types
    module = types.ModuleType("acme_features")
    code = ("import numpy as np\nfrom sklearn.base import BaseEstimator, TransformerMixin\n"
            "class ClipAmount(BaseEstimator, TransformerMixin):\n    def fit(self, X, y=None):\n        return self\n"
            "    def transform(self, X):\n        return np.clip(np.asarray(X, dtype=float), -1e4, 1e4)\n")
    exec(code, module.__dict__)
    sys.modules["acme_features"] = module
    return module.ClipAmount()


def main(argv):
    root = argv[0]
    os.makedirs(root, exist_ok=True)
    lab = Lab(root, set(argv[1:]))
    quiet, sys.stdout = sys.stdout, io.StringIO()
    lab.run()
    sys.stdout = quiet
    versions = {"python": "%d.%d.%d" % sys.version_info[:3]}
    versions.update({m.__name__: m.__version__ for m in (sklearn, np, scipy, joblib, pd)})
    for name, value in (("skipped.json", lab.skipped), ("env.json", versions)):
        with open(os.path.join(root, name), "w") as out:
            json.dump(value, out, indent=1, sort_keys=True)
    made = sum(os.path.exists(os.path.join(root, n, "golden.json")) for n in os.listdir(root))
    print("made %d, skipped %d" % (made, len(lab.skipped)))


if __name__ == "__main__":
    main(sys.argv[1:])
