"""Distill: a student learns from a teacher that scores the student's own tokens; whether that can work is said beforehand.

    import journeyman as jm

    report = jm.distill.check("student", "teacher", prompts="prompts.jsonl")
    run = jm.distill.train("student", "teacher", prompts="prompts.jsonl", steps=200)

Names are loaded when they are first used: importing the package imports neither torch nor transformers.
"""
