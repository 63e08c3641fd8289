"""The benchmark files: one YAML per benchmark (data set, protocols, metrics) and per suite."""
