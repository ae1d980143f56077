"""What the lab trains: one line per artefact, an expression over scikit-learn's names, and the data it is fitted on.

An artefact is ``group__name``. Names that a version does not have are skipped there; options that a version's class
does not know are left out. Runs inside the lab's environments: Python 3.7 and later, scikit-learn 0.20 and later.
"""

NUMBERS = ["amount", "balance", "age", "utilisation", "late", "income"]
WORDS = ["segment", "region"]

# name: (expression, target); fitted behind a StandardScaler on six numbers without gaps
ESTIMATORS = {
    "LogisticRegression": ("LogisticRegression(max_iter=200)", "binary"),
    "LinearRegression": ("LinearRegression()", "number"),
    "Ridge": ("Ridge()", "number"),
    "ElasticNet": ("ElasticNet(alpha=0.1)", "number"),
    "SGDClassifier": ("SGDClassifier(loss='modified_huber', random_state=0)", "binary"),
    "SGDRegressor": ("SGDRegressor(random_state=0)", "number"),
    "RandomForestClassifier": ("RandomForestClassifier(n_estimators=15, max_depth=5, random_state=0)", "binary"),
    "RandomForestRegressor": ("RandomForestRegressor(n_estimators=15, max_depth=5, random_state=0)", "number"),
    "GradientBoostingClassifier": ("GradientBoostingClassifier(n_estimators=15, random_state=0)", "binary"),
    "HistGradientBoostingClassifier": ("HistGradientBoostingClassifier(max_iter=15, random_state=0)", "binary"),
    "HistGradientBoostingRegressor": ("HistGradientBoostingRegressor(max_iter=15, random_state=0)", "number"),
    "DecisionTreeClassifier": ("DecisionTreeClassifier(max_depth=4, random_state=0)", "binary"),
    "DecisionTreeRegressor": ("DecisionTreeRegressor(max_depth=4, random_state=0)", "number"),
    "SVC": ("SVC(probability=True, random_state=0)", "binary"),
    "SVR": ("SVR()", "number"),
    "LinearSVC": ("LinearSVC(random_state=0)", "binary"),
    "GaussianNB": ("GaussianNB()", "binary"),
    "LinearDiscriminantAnalysis": ("LinearDiscriminantAnalysis()", "binary"),
    "MLPClassifier": ("MLPClassifier(hidden_layer_sizes=(8,), max_iter=40, random_state=0)", "binary"),
    "AdaBoostClassifier": ("AdaBoostClassifier(n_estimators=10, random_state=0, algorithm='SAMME')", "binary"),
    "AdaBoostClassifier_default": ("AdaBoostClassifier(n_estimators=10, random_state=0)", "binary"),
    "BaggingClassifier": ("BaggingClassifier(n_estimators=5, random_state=0)", "binary"),
    "VotingClassifier": (
        "VotingClassifier([('lr', LogisticRegression(max_iter=200)), ('nb', GaussianNB())], voting='soft')", "binary"),
    "VotingClassifier_tree": (
        "VotingClassifier([('lr', LogisticRegression(max_iter=200)), "
        "('tree', DecisionTreeClassifier(max_depth=4, random_state=0))], voting='soft')", "binary"),
    "IsolationForest": ("IsolationForest(n_estimators=15, random_state=0)", "nothing"),
    "IsolationForest_contamination": ("IsolationForest(n_estimators=15, contamination=0.1, random_state=0)", "nothing"),
    "KMeans": ("KMeans(3, n_init=3, random_state=0)", "nothing"),
    "GaussianMixture": ("GaussianMixture(2, random_state=0)", "nothing"),
    "PCA_LogReg": ("Pipeline([('pca', PCA(3, random_state=0)), ('lr', LogisticRegression(max_iter=200))])", "binary"),
    "GridSearchCV_LogReg": ("GridSearchCV(LogisticRegression(max_iter=200), {'C': [0.1, 1.0]}, cv=3)", "binary"),
    "GridSearchCV_RF": (
        "GridSearchCV(RandomForestClassifier(n_estimators=8, random_state=0), {'max_depth': [2, 4]}, cv=2)", "binary"),
    "RandomizedSearchCV_Ridge": (
        "RandomizedSearchCV(Ridge(), {'alpha': stats.uniform(0.1, 2)}, n_iter=3, cv=3, random_state=0)", "number"),
    "TransformedTargetRegressor_ufunc": (
        "TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1)", "positive"),
    "TransformedTargetRegressor_quantile": (
        "TransformedTargetRegressor(Ridge(), transformer=QuantileTransformer("
        "n_quantiles=50, output_distribution='normal'))", "number"),
    "OneVsRestClassifier": ("OneVsRestClassifier(LogisticRegression(max_iter=200))", "binary"),
    "GaussianProcessRegressor": ("GaussianProcessRegressor(random_state=0, alpha=0.1)", "number"),
    "MLPClassifier_RandomState": (
        "MLPClassifier(hidden_layer_sizes=(8,), max_iter=20, random_state=np.random.RandomState(3))", "binary"),
    "RandomForest_RandomState": (
        "RandomForestClassifier(n_estimators=8, max_depth=4, random_state=np.random.RandomState(3))", "binary"),
    # beyond the usual
    "LogisticRegression_three": ("LogisticRegression(max_iter=200)", "three"),
    "LogisticRegression_ovr": ("LogisticRegression(max_iter=200, multi_class='ovr')", "three"),
    "LogisticRegression_liblinear": ("LogisticRegression(solver='liblinear')", "binary"),
    "LogisticRegression_elasticnet": (
        "LogisticRegression(solver='saga', penalty='elasticnet', l1_ratio=0.3, max_iter=300)", "binary"),
    "LogisticRegressionCV": ("LogisticRegressionCV(Cs=3, cv=3, max_iter=200)", "binary"),
    "LogisticRegressionCV_three": ("LogisticRegressionCV(Cs=3, cv=3, max_iter=200)", "three"),
    "SGDClassifier_log": ("SGDClassifier(loss='log', random_state=0)", "binary"),
    "SGDClassifier_log_loss": ("SGDClassifier(loss='log_loss', random_state=0)", "binary"),
    "OneVsRestClassifier_SGD_log": ("OneVsRestClassifier(SGDClassifier(loss='log', random_state=0))", "three"),
    "OneVsRestClassifier_SGD_log_loss": ("OneVsRestClassifier(SGDClassifier(loss='log_loss', random_state=0))", "three"),
    "OneVsRestClassifier_SVC": ("OneVsRestClassifier(LinearSVC(random_state=0))", "three"),
    "OneVsOneClassifier_SVC": ("OneVsOneClassifier(LinearSVC(random_state=0))", "three"),
    "SVC_three": ("SVC(probability=True, random_state=0)", "three"),
    "SVC_plain": ("SVC()", "binary"),
    "RandomForestClassifier_three": ("RandomForestClassifier(n_estimators=8, random_state=0)", "three"),
    "ExtraTreesClassifier_few": ("ExtraTreesClassifier(n_estimators=8, random_state=0)", "binary"),
    "GradientBoostingClassifier_three": ("GradientBoostingClassifier(n_estimators=5, random_state=0)", "three"),
    "GradientBoostingClassifier_exponential": (
        "GradientBoostingClassifier(n_estimators=5, loss='exponential', random_state=0)", "binary"),
    "GradientBoostingClassifier_init": (
        "GradientBoostingClassifier(n_estimators=5, init=LogisticRegression(), random_state=0)", "binary"),
    "GradientBoostingClassifier_subsample": (
        "GradientBoostingClassifier(n_estimators=8, subsample=0.5, n_iter_no_change=3, random_state=0)", "binary"),
    "GradientBoostingRegressor_huber": (
        "GradientBoostingRegressor(n_estimators=5, loss='huber', random_state=0)", "number"),
    "GradientBoostingRegressor_quantile": (
        "GradientBoostingRegressor(n_estimators=5, loss='quantile', random_state=0)", "number"),
    "HistGradientBoostingClassifier_three": ("HistGradientBoostingClassifier(max_iter=5, random_state=0)", "three"),
    "HistGradientBoostingClassifier_stop": (
        "HistGradientBoostingClassifier(max_iter=20, early_stopping=True, random_state=0)", "binary"),
    "HistGradientBoostingRegressor_poisson": (
        "HistGradientBoostingRegressor(max_iter=5, loss='poisson', random_state=0)", "positive"),
    "HistGradientBoostingRegressor_absolute": (
        "HistGradientBoostingRegressor(max_iter=5, loss='absolute_error', random_state=0)", "number"),
    "AdaBoostRegressor_few": ("AdaBoostRegressor(n_estimators=5, random_state=0)", "number"),
    "AdaBoostClassifier_three": ("AdaBoostClassifier(n_estimators=8, random_state=0)", "three"),
    "AdaBoostClassifier_three_SAMME": ("AdaBoostClassifier(n_estimators=8, random_state=0, algorithm='SAMME')", "three"),
    "AdaBoostClassifier_LogReg": ("AdaBoostClassifier(LogisticRegression(), n_estimators=5, random_state=0)", "binary"),
    "BaggingClassifier_SVC": ("BaggingClassifier(SVC(), n_estimators=4, random_state=0)", "binary"),
    "BaggingClassifier_features": (
        "BaggingClassifier(GaussianNB(), n_estimators=4, max_features=0.5, random_state=0)", "binary"),
    "BaggingRegressor_few": ("BaggingRegressor(n_estimators=4, random_state=0)", "number"),
    "VotingRegressor_two": ("VotingRegressor([('a', Ridge()), ('b', DecisionTreeRegressor(max_depth=3))])", "number"),
    "VotingClassifier_hard": ("VotingClassifier([('lr', LogisticRegression()), ('nb', GaussianNB())])", "three"),
    "StackingClassifier_two": (
        "StackingClassifier([('a', GaussianNB()), ('b', DecisionTreeClassifier(max_depth=3, random_state=0))], "
        "final_estimator=LogisticRegression(), cv=3)", "binary"),
    "StackingRegressor_two": (
        "StackingRegressor([('a', Ridge()), ('b', DecisionTreeRegressor(max_depth=3, random_state=0))], cv=3)", "number"),
    "CalibratedClassifierCV_sigmoid": ("CalibratedClassifierCV(LinearSVC(random_state=0), cv=3)", "binary"),
    "CalibratedClassifierCV_isotonic": ("CalibratedClassifierCV(GaussianNB(), method='isotonic', cv=3)", "binary"),
    "CalibratedClassifierCV_forest": (
        "CalibratedClassifierCV(RandomForestClassifier(n_estimators=5, random_state=0), cv=3)", "three"),
    "CalibratedClassifierCV_pool": ("CalibratedClassifierCV(GaussianNB(), cv=3, ensemble=False)", "binary"),
    "KNeighborsClassifier_kd": ("KNeighborsClassifier(algorithm='kd_tree')", "binary"),
    "KNeighborsClassifier_ball": ("KNeighborsClassifier(algorithm='ball_tree', weights='distance')", "three"),
    "KNeighborsClassifier_brute": ("KNeighborsClassifier(algorithm='brute', metric='cosine')", "binary"),
    "KNeighborsClassifier_manhattan": ("KNeighborsClassifier(metric='manhattan')", "binary"),
    "KNeighborsRegressor_distance": ("KNeighborsRegressor(weights='distance')", "number"),
    "NearestCentroid_shrunk": ("NearestCentroid(shrink_threshold=0.1)", "binary"),
    "MLPRegressor_adam": ("MLPRegressor(hidden_layer_sizes=(6,), max_iter=30, random_state=0)", "number"),
    "MLPClassifier_stop": (
        "MLPClassifier(hidden_layer_sizes=(6,), max_iter=30, early_stopping=True, random_state=0)", "three"),
    "GaussianProcessClassifier_rbf": ("GaussianProcessClassifier(1.0 * RBF(1.0), random_state=0)", "binary"),
    "GaussianProcessRegressor_kernels": (
        "GaussianProcessRegressor(ConstantKernel() * Matern() + WhiteKernel(), random_state=0)", "number"),
    "QuadraticDiscriminantAnalysis_cov": ("QuadraticDiscriminantAnalysis(store_covariance=True)", "binary"),
    "LinearDiscriminantAnalysis_lsqr": ("LinearDiscriminantAnalysis(solver='lsqr', shrinkage='auto')", "three"),
    "RidgeCV_several": ("RidgeCV(alphas=[0.1, 1.0, 10.0])", "number"),
    "RidgeClassifier_three": ("RidgeClassifier()", "three"),
    "LassoCV_few": ("LassoCV(n_alphas=5, cv=3)", "number"),
    "HuberRegressor_default": ("HuberRegressor()", "number"),
    "QuantileRegressor_highs": ("QuantileRegressor(alpha=0.1, solver='highs')", "number"),
    "PoissonRegressor_default": ("PoissonRegressor()", "positive"),
    "TweedieRegressor_power": ("TweedieRegressor(power=1.5)", "positive"),
    "RANSACRegressor_seeded": ("RANSACRegressor(random_state=0)", "number"),
    "TheilSenRegressor_seeded": ("TheilSenRegressor(random_state=0, max_subpopulation=200)", "number"),
    "ElasticNet_two": ("MultiTaskElasticNet(alpha=0.1)", "two"),
    "RandomForestRegressor_two": ("RandomForestRegressor(n_estimators=5, random_state=0)", "two"),
    "MultiOutputRegressor_Ridge": ("MultiOutputRegressor(Ridge())", "two"),
    "RegressorChain_Ridge": ("RegressorChain(Ridge(), order=[0, 1])", "two"),
    "ClassifierChain_LogReg": ("ClassifierChain(LogisticRegression(), order=[0, 1])", "labels"),
    "MultiOutputClassifier_LogReg": ("MultiOutputClassifier(LogisticRegression())", "labels"),
    "RandomForestClassifier_labels": ("RandomForestClassifier(n_estimators=5, random_state=0)", "labels"),
    "KNeighborsClassifier_labels": ("KNeighborsClassifier()", "labels"),
    "DecisionTreeClassifier_weighted": (
        "DecisionTreeClassifier(max_depth=4, class_weight='balanced', random_state=0)", "binary"),
    "DecisionTreeClassifier_pruned": ("DecisionTreeClassifier(ccp_alpha=0.01, random_state=0)", "three"),
    "RFE_LogReg": ("Pipeline([('rfe', RFE(LogisticRegression(), n_features_to_select=3)), ('m', GaussianNB())])", "binary"),
    "FixedThreshold": ("FixedThresholdClassifier(LogisticRegression(), threshold=0.4)", "binary"),
    "TunedThreshold": ("TunedThresholdClassifierCV(LogisticRegression(), cv=3)", "binary"),
    "GridSearchCV_scorers": (
        "GridSearchCV(GaussianNB(), {'var_smoothing': [1e-9, 1e-6]}, cv=3, "
        "scoring=['roc_auc', 'accuracy'], refit='roc_auc')", "binary"),
    "GridSearchCV_scoring": ("GridSearchCV(GaussianNB(), {'var_smoothing': [1e-9, 1e-6]}, cv=3, scoring='roc_auc')", "binary"),
    "GridSearchCV_pipeline": (
        "GridSearchCV(Pipeline([('s', MinMaxScaler()), ('m', KNeighborsClassifier())]), "
        "{'m__n_neighbors': [3, 5]}, cv=StratifiedKFold(3))", "binary"),
    "HalvingGridSearchCV_LogReg": ("HalvingGridSearchCV(LogisticRegression(), {'C': [0.1, 1.0]}, cv=3, random_state=0)", "binary"),
    "BayesianGaussianMixture_two": ("BayesianGaussianMixture(n_components=2, random_state=0)", "nothing"),
    "MiniBatchKMeans_three": ("MiniBatchKMeans(3, n_init=3, random_state=0)", "nothing"),
    "LocalOutlierFactor_novelty": ("LocalOutlierFactor(novelty=True)", "nothing"),
    "OneClassSVM_default": ("OneClassSVM()", "nothing"),
    "EllipticEnvelope_seeded": ("EllipticEnvelope(random_state=0)", "nothing"),
    "Pipeline_Nystroem": ("Pipeline([('n', Nystroem(n_components=10, random_state=0)), ('m', Ridge())])", "number"),
    "Pipeline_Spline": ("Pipeline([('n', SplineTransformer(n_knots=4)), ('m', Ridge())])", "number"),
    "Pipeline_Poly": ("Pipeline([('n', PolynomialFeatures(2)), ('m', Ridge())])", "number"),
    "Pipeline_SelectPercentile": (
        "Pipeline([('n', SelectPercentile(f_regression, percentile=50)), ('m', Ridge())])", "number"),
    "Pipeline_SelectMutual": ("Pipeline([('n', SelectKBest(mutual_info_classif, k=3)), ('m', GaussianNB())])", "binary"),
    "Pipeline_SequentialFeatureSelector": (
        "Pipeline([('n', SequentialFeatureSelector(GaussianNB(), n_features_to_select=2, cv=2)), ('m', GaussianNB())])",
        "binary"),
    "Pipeline_passthrough": ("Pipeline([('n', 'passthrough'), ('m', GaussianNB())])", "binary"),
    "Pipeline_none": ("Pipeline([('n', None), ('m', GaussianNB())])", "binary"),
    "FrozenEstimator_LogReg": ("Pipeline([('m', DummyClassifier(strategy='prior'))])", "binary"),
}  # fmt: skip

# those that are also made behind a full preprocessor of numbers and words with gaps
FULL = """LogisticRegression LinearRegression Ridge SGDClassifier RandomForestClassifier GradientBoostingClassifier
HistGradientBoostingClassifier HistGradientBoostingRegressor DecisionTreeClassifier SVC GaussianNB MLPClassifier
AdaBoostClassifier BaggingClassifier VotingClassifier IsolationForest KMeans PCA_LogReg GridSearchCV_LogReg
TransformedTargetRegressor_ufunc StackingClassifier_two CalibratedClassifierCV_sigmoid KNeighborsClassifier_kd""".split()

_NUMERIC = "Pipeline([('i', SimpleImputer(strategy='median')), ('s', StandardScaler())])"
_WORDY = "Pipeline([('i', SimpleImputer(strategy='most_frequent')), ('o', OneHotEncoder(handle_unknown='ignore'))])"
PREPROCESSOR = (
    f"ColumnTransformer([('numbers', {_NUMERIC}, {NUMBERS}), ('words', {_WORDY}, {WORDS})], sparse_threshold=0)"
)

# name: (expression, columns); judged by transform
PREPROCESSORS = {
    "StandardScaler": ("StandardScaler()", "gaps"),
    "RobustScaler": ("RobustScaler()", "gaps"),
    "PowerTransformer": ("PowerTransformer()", "gaps"),
    "QuantileTransformer": ("QuantileTransformer(n_quantiles=50, random_state=0)", "gaps"),
    "KBinsDiscretizer_onehot": (
        "KBinsDiscretizer(n_bins=4, encode='onehot-dense', strategy='quantile', quantile_method='linear')", "numbers"),
    "KBinsDiscretizer_ordinal": ("KBinsDiscretizer(n_bins=4, encode='ordinal', strategy='uniform')", "numbers"),
    "FunctionTransformer_log1p": ("FunctionTransformer(func=np.log1p, validate=False)", "positive"),
    "FunctionTransformer_np_function": ("FunctionTransformer(func=np.nan_to_num, validate=False)", "gaps"),
    "PolynomialFeatures": ("PolynomialFeatures(2, include_bias=False)", "numbers"),
    "SimpleImputer_median": ("SimpleImputer(strategy='median')", "gaps"),
    "SimpleImputer_indicator": ("SimpleImputer(strategy='mean', add_indicator=True)", "gaps"),
    "IterativeImputer": ("IterativeImputer(max_iter=3, random_state=0)", "gaps"),
    "VarianceThreshold": ("VarianceThreshold(0.1)", "numbers"),
    "SelectKBest": ("SelectKBest(f_classif, k=3)", "numbers"),
    "SelectFromModel_LogReg": ("SelectFromModel(LogisticRegression(max_iter=500))", "numbers"),
    "PCA": ("PCA(3, random_state=0)", "numbers"),
    "OneHotEncoder": ("OneHotEncoder(handle_unknown='ignore')", "words"),
    "OneHotEncoder_drop": ("OneHotEncoder(drop='first')", "words"),
    "OneHotEncoder_infrequent": ("OneHotEncoder(handle_unknown='ignore', min_frequency=20)", "words"),
    "OrdinalEncoder": ("OrdinalEncoder()", "words"),
    "OrdinalEncoder_unknown": ("OrdinalEncoder(handle_unknown='use_encoded_value', unknown_value=-1)", "words"),
    "TargetEncoder": ("TargetEncoder(random_state=0)", "words"),
    "SimpleImputer_most_frequent": ("SimpleImputer(strategy='most_frequent')", "wordgaps"),
    "SimpleImputer_constant": ("SimpleImputer(strategy='constant', fill_value='missing')", "wordgaps"),
    "ColumnTransformer_scaler_only": (f"ColumnTransformer([('n', StandardScaler(), {NUMBERS})], sparse_threshold=0)", "all"),
    "ColumnTransformer_num_cat": (PREPROCESSOR, "all"),
    "ColumnTransformer_passthrough": (
        f"ColumnTransformer([('n', StandardScaler(), {NUMBERS[:3]})], remainder='passthrough')", "gaps"),
    "ColumnTransformer_remainder_est": (
        f"ColumnTransformer([('n', StandardScaler(), {NUMBERS[:3]})], remainder=MinMaxScaler())", "gaps"),
    "ColumnTransformer_selector": (
        f"ColumnTransformer([('n', {_NUMERIC}, make_column_selector(dtype_include='number')), ('c', {_WORDY}, {WORDS})], "
        "sparse_threshold=0)", "all"),
    "ColumnTransformer_slice": (
        "ColumnTransformer([('n', StandardScaler(), slice(0, 3)), ('m', 'passthrough', [3, 4])])", "gaps"),
    "FeatureUnion": ("FeatureUnion([('a', StandardScaler()), ('b', MinMaxScaler())])", "gaps"),
    "set_output_pandas": (
        f"ColumnTransformer([('n', {_NUMERIC}, {NUMBERS})], sparse_threshold=0).set_output(transform='pandas')", "all"),
    "HashingVectorizer": ("HashingVectorizer(n_features=16)", "text"),
    "MultiStep_FunctionTransformer_in_CT": (
        "ColumnTransformer([('l', Pipeline([('i', SimpleImputer(strategy='median')), "
        "('f', FunctionTransformer(func=np.log1p, validate=False))]), ['amount', 'income']), "
        f"('s', {_NUMERIC}, {NUMBERS[1:4]}), ('b', Pipeline([('i', SimpleImputer(strategy='median')), "
        "('k', KBinsDiscretizer(n_bins=3, encode='onehot-dense', strategy='uniform'))]), ['age'])], sparse_threshold=0)",
        "all"),
    # beyond the usual
    "OneHotEncoder_max": ("OneHotEncoder(handle_unknown='ignore', max_categories=3)", "words"),
    "OneHotEncoder_drop_binary": ("OneHotEncoder(drop='if_binary')", "words"),
    "OneHotEncoder_given": (
        "OneHotEncoder(categories=[['business', 'premium', 'retail', 'student'], "
        "['east', 'islands', 'north', 'south', 'west']])", "words"),
    "OrdinalEncoder_infrequent": ("OrdinalEncoder(min_frequency=20)", "words"),
    "TargetEncoder_three": ("TargetEncoder(target_type='continuous', random_state=0)", "words"),
    "KNNImputer": ("KNNImputer(n_neighbors=3)", "gaps"),
    "MissingIndicator": ("MissingIndicator()", "gaps"),
    "IterativeImputer_tree": (
        "IterativeImputer(DecisionTreeRegressor(max_depth=3, random_state=0), max_iter=2, random_state=0)", "gaps"),
    "SimpleImputer_numbers_constant": ("SimpleImputer(strategy='constant', fill_value=-1.0)", "gaps"),
    "FunctionTransformer_none": ("FunctionTransformer(validate=False)", "gaps"),
    "FunctionTransformer_names": (
        "FunctionTransformer(func=np.log1p, feature_names_out='one-to-one', validate=False)", "positive"),
    "Binarizer": ("Binarizer(threshold=0.5)", "numbers"),
    "Normalizer": ("Normalizer()", "numbers"),
    "MaxAbsScaler": ("MaxAbsScaler()", "gaps"),
    "MinMaxScaler_clip": ("MinMaxScaler(clip=True)", "gaps"),
    "PowerTransformer_boxcox": ("PowerTransformer(method='box-cox')", "positive"),
    "SplineTransformer": ("SplineTransformer(n_knots=4)", "numbers"),
    "KBinsDiscretizer_kmeans": ("KBinsDiscretizer(n_bins=3, encode='onehot', strategy='kmeans')", "numbers"),
    "ColumnTransformer_drop": (
        "ColumnTransformer([('n', StandardScaler(), ['age']), ('d', 'drop', ['late'])], remainder='passthrough')", "gaps"),
    "ColumnTransformer_all_passthrough": ("ColumnTransformer([('n', 'passthrough', ['age', 'late'])])", "gaps"),
    "ColumnTransformer_callable": (
        "ColumnTransformer([('n', StandardScaler(), make_column_selector('a'))], remainder='drop')", "gaps"),
    "ColumnTransformer_nested": (
        f"Pipeline([('p', {PREPROCESSOR}), ('v', VarianceThreshold()), ('k', SelectKBest(f_classif, k=4))])", "all"),
    "FeatureUnion_pca": ("FeatureUnion([('a', PCA(2, random_state=0)), ('b', SelectKBest(f_classif, k=2))])", "numbers"),
    "TfidfVectorizer": ("TfidfVectorizer()", "text"),
    "CountVectorizer": ("CountVectorizer(ngram_range=(1, 2))", "text"),
    "TfidfTransformer_pipeline": ("Pipeline([('c', CountVectorizer()), ('t', TfidfTransformer())])", "text"),
    "TruncatedSVD_text": ("Pipeline([('t', TfidfVectorizer()), ('s', TruncatedSVD(3, random_state=0))])", "text"),
    "SelectFromModel_forest": ("SelectFromModel(RandomForestClassifier(n_estimators=5, random_state=0))", "numbers"),
    "SelectFromModel_Lasso": ("SelectFromModel(Lasso(alpha=0.01))", "numbers"),
    "RFECV": ("RFECV(LogisticRegression(max_iter=300), cv=3)", "numbers"),
    "RandomTreesEmbedding": ("RandomTreesEmbedding(n_estimators=4, random_state=0)", "numbers"),
    "set_output_steps": (
        f"Pipeline([('i', SimpleImputer()), ('s', StandardScaler())]).set_output(transform='pandas')", "gaps"),
    "ColumnTransformer_pandas_words": (f"{PREPROCESSOR}.set_output(transform='default')", "all"),
}  # fmt: skip

# scikit-learn's estimators are all made with their defaults too; these need an argument or other data
ARGUMENTS = {
    "ClassifierChain": "LogisticRegression()", "FixedThresholdClassifier": "LogisticRegression()",
    "FrozenEstimator": "StandardScaler().fit([[0.0] * 6, [1.0] * 6])",
    "GridSearchCV": "GaussianNB(), {'var_smoothing': [1e-9, 1e-8]}, cv=2",
    "RandomizedSearchCV": "GaussianNB(), {'var_smoothing': [1e-9, 1e-8]}, n_iter=2, cv=2",
    "HalvingGridSearchCV": "GaussianNB(), {'var_smoothing': [1e-9, 1e-8]}, cv=2, random_state=0",
    "HalvingRandomSearchCV": "GaussianNB(), {'var_smoothing': [1e-9, 1e-8]}, cv=2, random_state=0",
    "MultiOutputClassifier": "GaussianNB()", "MultiOutputRegressor": "Ridge()", "OneVsOneClassifier": "GaussianNB()",
    "OneVsRestClassifier": "GaussianNB()", "OutputCodeClassifier": "GaussianNB(), random_state=0",
    "RFE": "Ridge()", "RFECV": "Ridge(), cv=2", "RegressorChain": "Ridge()", "SelectFromModel": "Ridge()",
    "SequentialFeatureSelector": "Ridge(), n_features_to_select=2, cv=2",
    "SparseCoder": "np.eye(6)", "StackingClassifier": "[('a', GaussianNB())], cv=2",
    "StackingRegressor": "[('a', Ridge())], cv=2", "TunedThresholdClassifierCV": "GaussianNB(), cv=2",
    "VotingClassifier": "[('a', GaussianNB())]", "VotingRegressor": "[('a', Ridge())]",
    "GaussianRandomProjection": "n_components=3, random_state=0", "SparseRandomProjection": "n_components=3, random_state=0",
    "RadiusNeighborsClassifier": "radius=1e6", "RadiusNeighborsRegressor": "radius=1e6",
    "SelectKBest": "k=3", "BernoulliRBM": "n_components=3, n_iter=2, random_state=0",
    "DictionaryLearning": "n_components=3, max_iter=5, random_state=0",
    "MiniBatchDictionaryLearning": "n_components=3, random_state=0",
    "SparsePCA": "n_components=2, max_iter=5, random_state=0", "MiniBatchSparsePCA": "n_components=2, random_state=0",
    "LatentDirichletAllocation": "n_components=2, max_iter=2, random_state=0",
}  # fmt: skip
LEFT_OUT = ["Pipeline", "ColumnTransformer", "FeatureUnion", "BaseEstimator", "TSNE", "MDS", "OPTICS", "SpectralEmbedding"]
