"""A small language with real next-token uncertainty, and models of it small enough to train in minutes.

    from journeyman.distill.lab.build import lab_model
    from journeyman.distill.lab.prompts import lab_prompts

    student, teacher = lab_model("student"), lab_model("twin")          # folders; these two come with the package
    prompts = lab_prompts("student", "train", 64, seed=0)               # graded by "bracket"

Sample at temperature 1 when lab models are scored: what sets them apart are slips, which lower temperatures hide.
"""
