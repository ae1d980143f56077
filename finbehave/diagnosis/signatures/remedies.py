"""Words that several signatures share. Each remedy is a command or an edit."""

from __future__ import annotations

REDEPLOY = "then finbehave deploy MODEL"
CHECK = "finbehave check-compat MODEL --environment environment.yml tells beforehand whether it works"

SKLEARN = (
    "pin scikit-learn=={saved} in environment.yml, or train again for {installed} with finbehave train --environment "
    "environment.yml; " + CHECK,
    "pin scikit-learn to {range} in environment.yml (finbehave check-compat MODEL names the version exactly), or train "
    "again with finbehave train --environment environment.yml",
    "finbehave check-compat MODEL names the scikit-learn that saved it: pin that in environment.yml, or train again "
    "with finbehave train --environment environment.yml",
)
NUMPY = (
    "pin numpy in environment.yml to the major version that the other packages were built for (numpy<2 for packages "
    "from before mid-2024), or upgrade pandas, scipy and scikit-learn with it; build anew, " + REDEPLOY
)
LIBRARY = (
    "pin {library} in environment.yml to the version used in training, or train again with the version in the image; "
    + CHECK
)
PYTHON = (
    "set python in environment.yml to the version used in training (finbehave models show MODEL names it); " + CHECK
)
BUILD = "mend the pins in environment.yml; finbehave deploy MODEL --plan checks them before anything is built"
SCRIPT_LOGS = "see the traceback: finbehave logs --explain; mend the score script, " + REDEPLOY
INPUT = (
    "send rows as the model's schema has them (finbehave models show MODEL lists the columns): finbehave invoke --data "
    "'{{...}}'"
)

MEASURED = "measured: models of 20 environments loaded in each other"
"""Where a fact about versions is known from."""

NO_MODULE = r"No module named '?"
"""Python's words for an import that fails, up to the name."""
