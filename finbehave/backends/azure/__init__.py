"""The Azure ML backend: the only place that imports the Azure SDK."""
