"""Where models live and answer: on this machine, or on Azure ML."""
