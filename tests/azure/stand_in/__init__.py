"""A stand-in for Azure: login, resource manager, blobs, scoring and jobs; ``proxy.py`` is how it is reached.

    service.py      who answers which request
    state.py        what the service holds, and what a test tells it
    faults.py       answers that a test has ordered: refusals, delays, broken connections
    login.py        tokens
    assets.py       models, environments, code, datastores
    blobs.py        what was uploaded
    endpoints.py    online endpoints: traffic, keys
    deployments.py  their deployments, which really run (containers.py)
    containers.py   Azure's own inference server on the uploaded code, in the environment that the conda file names
    scoring.py      requests to an endpoint
    jobs.py         command jobs, which really run
    operations.py   how far what takes long has come
    neighbours.py   what is not of machine learning: quota, roles, autoscale rules, and metrics
                    (metrics.py)

What was asked of any other host is kept, and refused. What the service is believed to do, and nobody here has seen it
do, is marked where it is written: ``grep -rn "# believed:" tests/azure/stand_in``.
"""

from tests.azure.stand_in.names import PRINCIPAL, SUBSCRIPTION, TENANT, W
from tests.azure.stand_in.state import Azure

__all__ = ["PRINCIPAL", "SUBSCRIPTION", "TENANT", "Azure", "W"]
