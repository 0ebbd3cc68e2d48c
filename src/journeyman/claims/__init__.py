"""Claims of the papers as runnable re-tests: setting, criterion fixed beforehand, measured result, verdict."""
