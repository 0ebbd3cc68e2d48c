"""The built-in task `operations/job_shop`: shortest makespan of a classical job shop."""
