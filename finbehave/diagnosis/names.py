"""Names that logs mention: what a package is called where it is installed from, and which library a class belongs to.

Data only. Sources: the distributions' own metadata (``top_level.txt``) for ``DISTRIBUTIONS``; the classes that
scikit-learn 0.24, 1.5 and 1.8 define for ``SKLEARN_CLASSES``; "What's New In Python" 3.8 to 3.13 for
``STDLIB_CHANGES``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

DISTRIBUTIONS = {
    "azureml.ai": "azureml-ai-monitoring", "azureml.ai.monitoring": "azureml-ai-monitoring",
    "azureml.core": "azureml-core", "azureml.train": "azureml-train-core", "azureml.mlflow": "azureml-mlflow",
    "azureml.dataprep": "azureml-dataprep", "azureml.automl": "azureml-automl-runtime",
    "azureml.interpret": "azureml-interpret", "azureml.training": "azureml-training-tabular",
    "azureml.contrib.services": "azureml-inference-server-http", "azureml.fsspec": "azureml-fsspec",
    "azureml.opendatasets": "azureml-opendatasets", "azureml": "azureml-core",
    "azureml_inference_server_http": "azureml-inference-server-http", "azmlinfsrv": "azureml-inference-server-http",
    "azure.identity": "azure-identity", "azure.ai.ml": "azure-ai-ml", "azure.core": "azure-core",
    "azure.storage.blob": "azure-storage-blob", "azure.storage": "azure-storage-blob",
    "azure.keyvault.secrets": "azure-keyvault-secrets", "azure.keyvault": "azure-keyvault-secrets",
    "azure.monitor.opentelemetry": "azure-monitor-opentelemetry", "azure.cosmos": "azure-cosmos",
    "azure.eventhub": "azure-eventhub", "azure.servicebus": "azure-servicebus",
    "azure.data.tables": "azure-data-tables",
    "google.cloud.storage": "google-cloud-storage", "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud": "google-cloud-core", "google.protobuf": "protobuf", "google.auth": "google-auth",
    "opencensus.ext.azure": "opencensus-ext-azure", "opentelemetry": "opentelemetry-api", "ruamel.yaml": "ruamel.yaml",
    "inference_schema": "inference-schema", "sklearn": "scikit-learn", "skimage": "scikit-image",
    "sklearn_pandas": "sklearn-pandas", "sklearnex": "scikit-learn-intelex", "daal4py": "daal4py",
    "imblearn": "imbalanced-learn", "xgboost": "xgboost", "lightgbm": "lightgbm", "catboost": "catboost",
    "category_encoders": "category-encoders", "feature_engine": "feature-engine", "featuretools": "featuretools",
    "tsfresh": "tsfresh", "pyod": "pyod", "hdbscan": "hdbscan", "umap": "umap-learn", "shap": "shap", "lime": "lime",
    "interpret": "interpret", "optuna": "optuna", "hyperopt": "hyperopt", "skopt": "scikit-optimize",
    "skorch": "skorch", "skops": "skops", "mlxtend": "mlxtend", "statsmodels": "statsmodels", "prophet": "prophet",
    "pmdarima": "pmdarima", "sktime": "sktime", "flaml": "flaml", "autogluon": "autogluon", "pycaret": "pycaret",
    "mlflow": "mlflow", "evidently": "evidently", "river": "river", "dill": "dill", "cloudpickle": "cloudpickle",
    "joblib": "joblib", "lz4": "lz4", "lz4.frame": "lz4", "zstandard": "zstandard", "blosc": "blosc", "h5py": "h5py",
    "tables": "tables", "numpy": "numpy", "scipy": "scipy", "pandas": "pandas", "polars": "polars", "dask": "dask",
    "pyarrow": "pyarrow", "fastparquet": "fastparquet", "duckdb": "duckdb", "numba": "numba", "numexpr": "numexpr",
    "bottleneck": "bottleneck", "tensorflow": "tensorflow", "keras": "keras", "tf_keras": "tf-keras",
    "torch": "torch", "torchvision": "torchvision", "transformers": "transformers", "tokenizers": "tokenizers",
    "sentence_transformers": "sentence-transformers", "datasets": "datasets", "onnx": "onnx",
    "onnxruntime": "onnxruntime", "skl2onnx": "skl2onnx", "pyspark": "pyspark", "ray": "ray", "patsy": "patsy",
    "formulaic": "formulaic", "gensim": "gensim", "nltk": "nltk", "spacy": "spacy", "textblob": "textblob",
    "networkx": "networkx", "geopandas": "geopandas", "shapely": "shapely", "holidays": "holidays",
    "cv2": "opencv-python-headless", "PIL": "pillow", "matplotlib": "matplotlib", "seaborn": "seaborn",
    "plotly": "plotly", "yaml": "pyyaml", "dateutil": "python-dateutil", "pytz": "pytz", "tzlocal": "tzlocal",
    "dotenv": "python-dotenv", "jose": "python-jose", "jwt": "pyjwt", "Crypto": "pycryptodome", "OpenSSL": "pyopenssl",
    "nacl": "pynacl", "bs4": "beautifulsoup4", "lxml": "lxml", "docx": "python-docx", "pptx": "python-pptx",
    "openpyxl": "openpyxl", "xlrd": "xlrd", "magic": "python-magic", "serial": "pyserial", "usb": "pyusb",
    "git": "gitpython", "github": "pygithub", "attr": "attrs", "attrs": "attrs", "pkg_resources": "setuptools<81",
    "setuptools": "setuptools", "MySQLdb": "mysqlclient", "pymysql": "pymysql", "psycopg2": "psycopg2-binary",
    "psycopg": "psycopg[binary]", "pyodbc": "pyodbc", "pymssql": "pymssql", "sqlalchemy": "sqlalchemy",
    "snowflake": "snowflake-connector-python", "snowflake.connector": "snowflake-connector-python",
    "redis": "redis", "pymongo": "pymongo", "bson": "pymongo", "confluent_kafka": "confluent-kafka",
    "kafka": "kafka-python", "boto3": "boto3", "requests": "requests", "httpx": "httpx", "urllib3": "urllib3",
    "aiohttp": "aiohttp", "flask": "flask", "flask_cors": "flask-cors", "fastapi": "fastapi", "starlette": "starlette",
    "uvicorn": "uvicorn", "gunicorn": "gunicorn", "werkzeug": "werkzeug", "jinja2": "jinja2",
    "markupsafe": "markupsafe", "pydantic": "pydantic", "pydantic_settings": "pydantic-settings",
    "pandera": "pandera", "great_expectations": "great-expectations", "jsonschema": "jsonschema",
    "marshmallow": "marshmallow", "simplejson": "simplejson", "orjson": "orjson", "msgpack": "msgpack",
    "psutil": "psutil", "tqdm": "tqdm", "click": "click", "rich": "rich", "typing_extensions": "typing-extensions",
    "importlib_metadata": "importlib-metadata", "prometheus_client": "prometheus-client", "applicationinsights":
    "applicationinsights", "opencensus": "opencensus", "packaging": "packaging", "six": "six", "cffi": "cffi",
    "cryptography": "cryptography", "sentry_sdk": "sentry-sdk", "structlog": "structlog", "loguru": "loguru",
}  # fmt: skip
"""Import name -> what to write into environment.yml. The longest name that fits counts; others keep their name."""

LIBRARIES = tuple(sorted({name.partition(".")[0] for name in DISTRIBUTIONS} - {"azureml", "azure", "google"}))
"""Packages that others install: a submodule of theirs that is not there means another version of them."""

_CLASSES = """
    ARDRegression AdaBoostClassifier AdaBoostRegressor AdditiveChi2Sampler AffinityPropagation AgglomerativeClustering
    BaggingClassifier BaggingRegressor BayesianGaussianMixture BayesianRidge BernoulliNB BernoulliRBM Binarizer Birch
    BisectingKMeans CCA CalibratedClassifierCV CategoricalNB ClassicalMDS ClassifierChain ColumnTransformer ComplementNB
    CountVectorizer DBSCAN DecisionTreeClassifier DecisionTreeRegressor DictVectorizer DictionaryLearning
    DummyClassifier DummyRegressor ElasticNet ElasticNetCV EllipticEnvelope EmpiricalCovariance ExtraTreeClassifier
    ExtraTreeRegressor ExtraTreesClassifier ExtraTreesRegressor FactorAnalysis FastICA FeatureAgglomeration
    FeatureHasher FeatureUnion FixedThresholdClassifier FrozenEstimator FunctionTransformer GammaRegressor
    GaussianMixture GaussianNB GaussianProcessClassifier GaussianProcessRegressor GaussianRandomProjection
    GenericUnivariateSelect GradientBoostingClassifier GradientBoostingRegressor GraphicalLasso GraphicalLassoCV
    GridSearchCV HDBSCAN HalvingGridSearchCV HalvingRandomSearchCV HashingVectorizer HistGradientBoostingClassifier
    HistGradientBoostingRegressor HuberRegressor Imputer IncrementalPCA IsolationForest Isomap IsotonicRegression
    IterativeImputer KBinsDiscretizer KMeans KNNImputer KNeighborsClassifier KNeighborsRegressor KNeighborsTransformer
    KernelCenterer KernelDensity KernelPCA KernelRidge LabelBinarizer LabelEncoder LabelPropagation LabelSpreading Lars
    LarsCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC LatentDirichletAllocation LedoitWolf
    LinearDiscriminantAnalysis LinearRegression LinearSVC LinearSVR LocalOutlierFactor LocallyLinearEmbedding
    LogisticRegression LogisticRegressionCV MDS MLPClassifier MLPRegressor MaxAbsScaler MeanShift MinCovDet MinMaxScaler
    MiniBatchDictionaryLearning MiniBatchKMeans MiniBatchNMF MiniBatchSparsePCA MissingIndicator MultiLabelBinarizer
    MultiOutputClassifier MultiOutputRegressor MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso
    MultiTaskLassoCV MultinomialNB NMF NearestCentroid NearestNeighbors NeighborhoodComponentsAnalysis Normalizer NuSVC
    NuSVR Nystroem OAS OPTICS OneClassSVM OneHotEncoder OneVsOneClassifier OneVsRestClassifier OrdinalEncoder
    OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV OutputCodeClassifier PCA PLSCanonical PLSRegression PLSSVD
    PassiveAggressiveClassifier PassiveAggressiveRegressor PatchExtractor Perceptron Pipeline PoissonRegressor
    PolynomialCountSketch PolynomialFeatures PowerTransformer QuadraticDiscriminantAnalysis QuantileRegressor
    QuantileTransformer RANSACRegressor RBFSampler RFE RFECV RadiusNeighborsClassifier RadiusNeighborsRegressor
    RadiusNeighborsTransformer RandomForestClassifier RandomForestRegressor RandomTreesEmbedding RandomizedSearchCV
    RegressorChain Ridge RidgeCV RidgeClassifier RidgeClassifierCV RobustScaler SGDClassifier SGDOneClassSVM
    SGDRegressor SVC SVR SelectFdr SelectFpr SelectFromModel SelectFwe SelectKBest SelectPercentile
    SelfTrainingClassifier SequentialFeatureSelector ShrunkCovariance SimpleImputer SkewedChi2Sampler SparseCoder
    SparsePCA SparseRandomProjection SpectralBiclustering SpectralClustering SpectralCoclustering SpectralEmbedding
    SplineTransformer StackingClassifier StackingRegressor StandardScaler TSNE TargetEncoder TfidfTransformer
    TfidfVectorizer TheilSenRegressor TransformedTargetRegressor TruncatedSVD TunedThresholdClassifierCV
    TweedieRegressor VarianceThreshold VotingClassifier VotingRegressor
    AbsoluteError BallTree BinomialDeviance Bunch CompoundKernel ConstantKernel DistanceMetric DotProduct
    EuclideanDistance ExponentialLoss HalfBinomialLoss HalfGammaLoss HalfMultinomialLoss HalfPoissonLoss
    HalfSquaredError HalfTweedieLoss HuberLoss KDTree LeastSquaresError LogitLink Matern MultinomialDeviance PinballLoss
    Product RBF RationalQuadratic Sum Tree TreePredictor WhiteKernel _BinMapper _CalibratedClassifier
    _ConstantPredictor _MultimetricScorer _PassthroughScorer _PredictScorer _ProbaScorer _RidgeGCV _Scorer
    _SigmoidCalibration _ThresholdScorer
    """
SKLEARN_CLASSES = tuple(_CLASSES.split())

_METHODS = """
    predict predict_proba predict_log_proba decision_function transform inverse_transform fit fit_transform fit_predict
    score score_samples kneighbors sample apply get_feature_names get_feature_names_out feature_importances_ coef_
    intercept_ classes_ feature_names_in_ n_features_in_ named_steps best_estimator_ columns
    """
SKLEARN_METHODS = tuple(_METHODS.split())
"""What people ask a model for. One that has none of these need not come from another version."""

SAVED_BY = {
    "._RemainderColsList": "1.5 or 1.6", "._passthrough_scorer": "1.2 or older", "._PassthroughScorer": "1.3 or later",
    "sklearn.ensemble._gb_losses": "1.3 or older", "sklearn.ensemble._hist_gradient_boosting.loss": "1.0 or older",
    "_loss": "1.5 to 1.8", "sklearn._loss": "1.1 or later", "sklearn._loss.loss": "1.1 or later",
    "sklearn._loss._loss": "1.1 or later", "sklearn.utils._bunch": "1.1 or later",
    "sklearn.preprocessing._target_encoder": "1.3 or later", "sklearn.preprocessing._polynomial": "1.0 or later",
    "sklearn.preprocessing._data": "0.22 or later", "sklearn.tree._classes": "0.22 or later",
    "sklearn.ensemble._forest": "0.22 or later", "sklearn.linear_model._logistic": "0.22 or later",
    "._fit_dtype": "1.0 or older", ".keep_empty_features": "1.1 or older", "._fill_dtype": "1.7 or older",
    "._name_to_fitted_passthrough": "1.1 or older, or 1.4 or later", "._feature_names_in": "1.2 or later",
    "._infrequent_enabled": "1.2 or older", "._drop_idx_after_grouping": "1.1 or older", ".sparse": "1.4 or later",
    "._missing_indices": "0.24 or older", ".var_": "0.24 or older", ".monotonic_cst": "1.3 or older",
    ".loss_": "1.1 or later", "._preprocessor": "1.3 or older", ".feature_names_out": "1.0 or older",
    ".multi_class": "1.8 or later", ".algorithm": "1.8 or later", "._is_empty_feature": "1.5 or older",
}  # fmt: skip
"""A module, or an attribute (with a dot before it), that is not there -> the scikit-learn that saved the model.

Measured: models of 20 environments loaded in each other.
"""

OTHER_CLASSES = {
    "xgboost": r"XGB\w+|Booster|DMatrix|XGBModel",
    "lightgbm": r"LGBM\w+",
    "catboost": r"_?CatBoost(?!Encoder)\w*",
    "imbalanced-learn": r"SMOTE\w*|RandomUnderSampler|RandomOverSampler|BalancedRandomForestClassifier",
    "category-encoders": r"WOEEncoder|LeaveOneOutEncoder|CatBoostEncoder|JamesSteinEncoder|HelmertEncoder",
}
"""Distribution -> the classes of its models, as a pattern."""

PANDAS_REMOVED = ("append", "iteritems", "ix", "as_matrix", "get_value", "set_value", "mad", "applymap")
"""Methods of pandas objects that pandas 1.0, 2.0 or 3.0 removed."""

STDLIB_CHANGES = (
    "distutils", "imp", "asynchat", "asyncore", "smtpd", "tomllib", "zoneinfo", "graphlib", "importlib.metadata",
    "importlib.resources", "cgi", "crypt", "imghdr", "pipes", "telnetlib", "uu", "nntplib", "xdrlib", "audioop",
    "sndhdr", "formatter", "parser", "symbol", "binhex", "dummy_threading", "lib2to3", "compression", "_bootlocale",
)  # fmt: skip
"""Modules of the standard library that one Python has and another has not."""

STDLIB_PARTS = (
    "ast", "asyncio", "collections", "contextlib", "dataclasses", "datetime", "enum", "fractions", "functools",
    "importlib", "inspect", "itertools", "math", "pkgutil", "re", "string", "time", "types", "typing", "unittest",
)  # fmt: skip
"""Modules whose content changed with the Python version."""

NATIVE_MODULES = {
    "_lzma": "xz (liblzma)", "_bz2": "bzip2 (libbz2)", "_ctypes": "libffi", "_sqlite3": "sqlite3", "_ssl": "openssl",
    "_zlib": "zlib", "_tkinter": "tk",
}  # fmt: skip
"""Parts of Python that are built only where a system library is there."""


def distribution(module: str) -> str:
    """What provides a module, as it is written into environment.yml."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        known = DISTRIBUTIONS.get(".".join(parts[:length]))
        if known:
            return known
    return parts[0].replace("_", "-")


def one_of(names: Iterable[str]) -> str:
    """A pattern that fits exactly these names."""
    return "(?:" + "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)) + ")"
