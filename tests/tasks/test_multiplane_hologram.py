"""The multi-plane hologram: its propagator against textbook optics, its verdicts, data, anchors, statement and controls."""

from __future__ import annotations

import io
import json
import math
import re
import runpy
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import j0, j1

from journeyman.errors import MissingExtra
from journeyman.tasks.optics.multiplane_hologram import bound, generate, reference
from journeyman.tasks.optics.multiplane_hologram.hologram import (
    Bench,
    emitted,
    guaranteed,
    light,
    neighbours_mixed,
    within,
)
from journeyman.tasks.optics.multiplane_hologram.propagation import (
    Modulator,
    Real,
    plane_waves,
    propagate,
)
from journeyman.tasks.optics.multiplane_hologram.superposition import levels_of, superposition, weighted
from journeyman.tasks.optics.multiplane_hologram.verifier import as_levels, draw, score
from journeyman.verify import Instance, Status, load_task
from journeyman.verify.gate import control_candidate

TASK = load_task("optics/multiplane_hologram")
FOLDER = TASK.folder
DEV, HELD_OUT = TASK.instances("dev"), TASK.instances("held-out")


def small(pixels: int = 32, crosstalk: float = 0.1) -> dict[str, Any]:
    """A quick bench with two spots in each of two planes."""
    spots = [[(20.0, -36.0, 0.3), (-44.0, 12.0, 0.2)], [(-28.0, -28.0, 0.3), (36.0, 44.0, 0.2)]]
    planes = [
        {
            "distance_mm": distance,
            "disc_um": 12.0,
            "spots": [{"x_um": x, "y_um": y, "share": share} for x, y, share in here],
        }
        for distance, here in zip((5.0, 7.0), spots, strict=True)
    ]
    return {
        "pixels": pixels, "pitch_um": 8.0, "wavelength_nm": 532.0,
        "beam": {"waist_mm": 0.11, "x_mm": 0.01, "y_mm": -0.005},
        "crosstalk": crosstalk, "planes": planes, "guard": 1.5, "ghost_limit": 5.0, "cpu_limit_s": 5,
    }  # fmt: skip


def random_levels(pixels: int, seed: int) -> Real:
    return np.random.default_rng(seed).integers(0, 256, (pixels, pixels)).astype(float)


def solver(path: Path) -> Any:
    return runpy.run_path(str(path))["solve"]


# --- physics, against something that is not ours ---------------------------------------------------------------------


def test_a_gaussian_beam_spreads_as_the_textbook_says() -> None:
    """w(z) = w0 sqrt(1 + (z / zR)^2), zR = pi w0^2 / wavelength: Saleh, Teich, Fundamentals of Photonics, 2nd edition,
    Wiley 2007, section 3.1, equation 3.1-8. The staircase of pixels costs less than 0.1 %."""
    modulator = Modulator(128, 8e-6, 633e-9)
    x = modulator.centres()
    waist = 120e-6
    start = np.exp(-(x[:, None] ** 2 + x**2) / waist**2).astype(complex)
    for distance in (20e-3, 70e-3, 120e-3):
        intensity = np.abs(propagate(modulator, start, distance)) ** 2
        width = 2 * math.sqrt(np.sum(intensity * x[:, None] ** 2) / np.sum(intensity))
        rayleigh = math.pi * waist**2 / modulator.wavelength_m
        assert width == pytest.approx(waist * math.hypot(1, distance / rayleigh), rel=2e-3)


def test_a_round_lens_makes_the_airy_pattern() -> None:
    """Airy pattern (2 J1(v) / v)^2 and encircled energy 1 - J0^2 - J1^2, 83.8 % within the first dark ring at
    1.22 wavelength f / D: Born, Wolf, Principles of Optics, 7th edition, Cambridge 1999, section 8.5.2, equations 14, 18."""
    modulator = Modulator(256, 8e-6, 532e-9)
    x = modulator.centres()
    square = x[:, None] ** 2 + x**2
    diameter, distance = 1.9e-3, 0.25
    aperture = (square <= (diameter / 2) ** 2) * np.exp(-1j * np.pi * square / (modulator.wavelength_m * distance))
    intensity = np.abs(propagate(modulator, aperture, distance)) ** 2
    f_number = modulator.wavelength_m * distance / diameter
    radius = np.sqrt(square)
    v = np.pi * radius / f_number
    near = radius < 3 * f_number
    peak = intensity.max() / (2 * j1(v) / v)[128, 128] ** 2
    assert np.abs(intensity / peak - (2 * j1(v) / v) ** 2)[near].max() < 5e-3
    ring = 1.2197 * f_number
    assert intensity[radius <= ring].sum() / np.sum(np.abs(aperture) ** 2) == pytest.approx(0.838, abs=0.015)
    for times in (0.6, 1.0, 2.2):
        edge = np.pi * times * ring / f_number
        expected = 1 - j0(edge) ** 2 - j1(edge) ** 2
        assert intensity[radius <= times * ring].sum() / np.sum(np.abs(aperture) ** 2) == pytest.approx(
            expected, abs=0.02
        )


def test_a_grating_images_itself_at_the_talbot_distance() -> None:
    """A grating of period L is repeated at 2 L^2 / wavelength, shifted by half a period halfway, and its contrast vanishes
    for an amplitude cosine at a quarter: Goodman, Introduction to Fourier Optics, 3rd edition, section 4.5.2. The grating is
    as wide as a Gaussian beam w, whose orders part by d = z wavelength / L: they overlap by exp(-d^2 / 2 w^2)."""
    modulator = Modulator(256, 8e-6, 532e-9)
    x = modulator.centres()
    period, waist = 128e-6, 0.6e-3
    envelope = np.exp(-((x[:, None] ** 2 + x**2) / waist**2))
    grating = (1 + 0.4 * np.cos(2 * np.pi * x / period))[:, None] * envelope
    talbot = 2 * period**2 / modulator.wavelength_m

    def harmonic(distance: float) -> complex:
        profile = (np.abs(propagate(modulator, grating.astype(complex), distance)) ** 2).sum(axis=1)
        return complex(np.sum(profile * np.exp(-2j * np.pi * x / period)) / profile.sum())

    def overlap(distance: float) -> float:
        return math.exp(-((distance * modulator.wavelength_m / period) ** 2) / (2 * waist**2))

    start = harmonic(1e-9)
    assert harmonic(talbot) == pytest.approx(start * overlap(talbot), rel=0.01)
    assert harmonic(talbot / 2) == pytest.approx(-start * overlap(talbot / 2), rel=0.01)
    assert abs(harmonic(talbot / 4)) < 0.02 * abs(start)


def test_the_field_is_the_rayleigh_sommerfeld_integral() -> None:
    """Direct summation of the first Rayleigh-Sommerfeld integral (Goodman, equation 3-40) over 4 x 4 points in each pixel,
    which shares neither transform nor padding nor band limit with the propagator."""
    modulator = Modulator(64, 8e-6, 532e-9)
    rng = np.random.default_rng(3)
    x = modulator.centres()
    distance = 16e-3
    # A field with structure at the scale that the band can carry, on top of a focusing phase.
    turn = np.cumsum(rng.normal(0, 0.5, 64))
    field = np.exp(1j * (turn[:, None] + turn[::-1])) * np.exp(
        -1j * np.pi * (x[:, None] ** 2 + x**2) / (modulator.wavelength_m * distance)
    )
    ours = propagate(modulator, field, distance)
    fine = ((np.arange(256) - 127.5) * modulator.pitch_m / 4)
    source = np.kron(field, np.ones((4, 4)))
    for i, j in ((32, 32), (20, 41), (45, 12), (31, 25)):
        r = np.sqrt((x[i] - fine[:, None]) ** 2 + (x[j] - fine) ** 2 + distance**2)
        wave = distance / (2 * np.pi * r**2) * (1 / r - 2j * np.pi / modulator.wavelength_m)
        direct = np.sum(source * wave * np.exp(2j * np.pi * r / modulator.wavelength_m)) * (modulator.pitch_m / 4) ** 2
        assert abs(ours[i, j] - direct) < 0.02 * np.abs(ours).max()


def test_weighted_gerchberg_saxton_orders_as_published() -> None:
    """The ordering that Di Leonardo, Ianni and Ruocco report (Optics Express 15 (2007) 1913-1922, table 1) for traps counted
    at their centres: the weighted iteration is nearly uniform and more efficient, random superposition is far from uniform.
    Their measure of uniformity, 1 - (max - min) / (max + min); a 5 x 5 array in one plane, without crosstalk."""
    public = generate.public_part(5) | {"crosstalk": 0.0}
    spots = [
        {"x_um": 88.0 * a + 4, "y_um": 88.0 * b + 4, "share": 0.04} for a in range(-2, 3) for b in range(-2, 3)
    ]
    public["planes"] = [{"distance_mm": 100.0, "disc_um": 31.0, "spots": spots}]
    bench = Bench.of(public)

    def at_centres(phase: Real) -> Real:
        found = light(bench, levels_of(phase))[0]
        centres = within(bench, bench.planes[0], 1e-9)
        return np.array([found.intensity[c][0] for c in centres])

    phases = np.random.default_rng(1).uniform(0, 2 * np.pi, 25)
    plain = at_centres(superposition(bench, np.ones(25), phases))
    better = at_centres(weighted(bench, phases, 30))

    def uniformity(values: Real) -> float:
        return float(1 - (values.max() - values.min()) / (values.max() + values.min()))

    assert uniformity(plain) < 0.6
    assert uniformity(better) > 0.93
    assert better.sum() > 1.1 * plain.sum()


# --- conservation and invariance -------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.floats(0.0, 0.15))
def test_power_is_conserved_by_plate_and_transform(seed: int, crosstalk: float) -> None:
    bench = Bench.of(small(crosstalk=crosstalk))
    field = emitted(bench, random_levels(32, seed))
    assert np.sum(np.abs(field) ** 2) == pytest.approx(1, rel=1e-12)
    waves = plane_waves(field)
    assert np.sum(np.abs(waves) ** 2) / waves.size == pytest.approx(1, rel=1e-12)
    for here in light(bench, random_levels(32, seed)):
        assert here.intensity.sum() < 1
        assert here.power.sum() < 1


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_constant_phase_changes_nothing_without_crosstalk(seed: int, shift: int) -> None:
    bench = Bench.of(small(crosstalk=0.0))
    levels = random_levels(32, seed)
    once, again = (guaranteed(bench, light(bench, v)) for v in (levels, (levels + shift) % 256))
    assert again == pytest.approx(once, rel=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_a_turned_bench_gives_the_same_powers(seed: int) -> None:
    public = small()
    turned = json.loads(json.dumps(public))
    turned["beam"] = public["beam"] | {"x_mm": public["beam"]["y_mm"], "y_mm": public["beam"]["x_mm"]}
    for plane in turned["planes"]:
        plane["spots"] = [s | {"x_um": s["y_um"], "y_um": s["x_um"]} for s in plane["spots"]]
    levels = random_levels(32, seed)
    once = guaranteed(Bench.of(public), light(Bench.of(public), levels))
    again = guaranteed(Bench.of(turned), light(Bench.of(turned), levels.T))
    assert again == pytest.approx(once, rel=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.floats(0.0, 0.15))
def test_crosstalk_keeps_flat_levels_range_and_total(seed: int, share: float) -> None:
    levels = random_levels(16, seed)
    mixed = neighbours_mixed(levels, share)
    assert mixed.min() >= levels.min() - 1e-9
    assert mixed.max() <= levels.max() + 1e-9
    assert mixed.sum() == pytest.approx(levels.sum())
    assert neighbours_mixed(np.full((5, 5), 77.0), share) == pytest.approx(77.0)


def slow_powers(public: dict[str, Any], levels: Real) -> list[float]:
    """Power over share of each spot once more, by dense matrices and loops from the statement's formulas alone."""
    n, p, lam = public["pixels"], public["pitch_um"] * 1e-6, public["wavelength_nm"] * 1e-9
    c, beam = public["crosstalk"], public["beam"]
    centre = [(i - (n - 1) / 2) * p for i in range(n)]

    def neighbour(i: int) -> int:
        return int(min(max(i, 0), n - 1))

    v = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            for di, a in ((-1, c), (0, 1 - 2 * c), (1, c)):
                for dj, b in ((-1, c), (0, 1 - 2 * c), (1, c)):
                    v[i][j] += a * b * levels[neighbour(i + di), neighbour(j + dj)]
    u = np.array(
        [
            [
                math.exp(
                    -((centre[i] - beam["x_mm"] * 1e-3) ** 2 + (centre[j] - beam["y_mm"] * 1e-3) ** 2)
                    / (beam["waist_mm"] * 1e-3) ** 2
                )
                * np.exp(2j * np.pi * v[i][j] / 256)
                for j in range(n)
            ]
            for i in range(n)
        ]
    )
    u /= np.linalg.norm(u)
    steps = np.arange(-n, n)
    f = steps / (2 * n * p)
    forth = np.exp(-2j * np.pi * np.outer(steps, np.arange(n)) / (2 * n))
    waves = forth @ u @ forth.T
    found = []
    for plane in public["planes"]:
        z = plane["distance_mm"] * 1e-3
        limit = 1 / (lam * math.sqrt((z / (n * p)) ** 2 + 1))
        h = np.exp(2j * np.pi * z * np.sqrt(1 / lam**2 - f[:, None] ** 2 - f**2))
        h = h * np.outer(np.sinc(p * f), np.sinc(p * f)) * np.outer(abs(f) <= limit, abs(f) <= limit)
        field = forth.conj().T @ (waves * h) @ forth.conj() / (2 * n) ** 2
        for spot in plane["spots"]:
            power = 0.0
            for i in range(n):
                for j in range(n):
                    away = math.hypot(centre[i] - spot["x_um"] * 1e-6, centre[j] - spot["y_um"] * 1e-6)
                    if away <= plane["disc_um"] * 1e-6 * (1 + 1e-9):
                        power += abs(field[i, j]) ** 2
            found.append(power / spot["share"])
    return found


@pytest.mark.parametrize("seed", range(3))
def test_powers_agree_with_an_independent_calculation(seed: int) -> None:
    public = small()
    levels = random_levels(32, seed)
    bench = Bench.of(public)
    assert guaranteed(bench, light(bench, levels)) == pytest.approx(slow_powers(public, levels), rel=1e-9)


def test_a_field_that_leaves_the_window_does_not_come_back_on_the_other_side() -> None:
    # A steep prism sends everything past the edge: with wrap-around the light would appear opposite.
    modulator = Modulator(64, 8e-6, 532e-9)
    x = modulator.centres()
    for periods in (2.5, 3.3, 6.0):
        prism = np.exp(2j * np.pi * x / (periods * 8e-6))[:, None] * np.ones(64)
        distance = 1.35 * 64 * 8e-6 * periods * 8e-6 / 532e-9
        assert np.sum(np.abs(propagate(modulator, prism, distance)) ** 2) < 0.05 * 64 * 64


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (None, "dict of arrays"),
        ({}, "dict of arrays"),
        ({"level": np.zeros((32, 32), int)}, "dict of arrays"),
        ({"levels": [[0] * 32] * 32}, "got a list"),
        ({"levels": np.zeros((32, 31), int)}, "shape (32, 32), got (32, 31)"),
        ({"levels": np.zeros(1024, int)}, "shape (32, 32), got (1024,)"),
        ({"levels": np.zeros((0, 0), int)}, "shape (32, 32)"),
        ({"levels": np.zeros((32, 32))}, "must hold integers, got an array of float64"),
        ({"levels": np.full((32, 32), np.nan)}, "must hold integers"),
        ({"levels": np.zeros((32, 32), bool)}, "must hold integers, got an array of bool"),
        ({"levels": np.zeros((32, 32), complex)}, "must hold integers"),
        ({"levels": np.full((32, 32), 256)}, "levels[0, 0] = 256 lies outside 0..255 (1024 of 1024 do)"),
        ({"levels": np.where(np.arange(1024).reshape(32, 32) == 70, -1, 9)}, "levels[2, 6] = -1 lies outside"),
        ({"levels": np.full((32, 32), 2**63, np.uint64)}, "lies outside 0..255"),
    ],
)
def test_what_is_no_plate_is_refused_with_its_place(design: Any, said: str) -> None:
    outcome = score(Instance("tiny", public=small()), design)
    assert outcome.status is Status.INFEASIBLE
    assert said in outcome.feedback
    assert draw(Instance("tiny", public=small()), design) == {}


def test_every_integer_type_counts_alike() -> None:
    levels = random_levels(32, 1)
    outcomes = {
        score(Instance("tiny", public=small() | {"ghost_limit": 1e9}), {"levels": levels.astype(kind)}).objective
        for kind in (np.uint8, np.int16, np.int64, np.uint64)
    }
    assert len(outcomes) == 1
    assert None not in outcomes


def test_the_ghost_limit_is_exact_and_names_the_place() -> None:
    public = small()
    levels = levels_of(superposition(Bench.of(public), np.ones(4), np.zeros(4)))
    found = light(Bench.of(public), levels)
    worst = max(here.ghost_ratio for here in found)
    for limit, status in ((worst, Status.OK), (worst * (1 - 1e-12), Status.INFEASIBLE)):
        outcome = score(Instance("x", public=public | {"ghost_limit": limit}), {"levels": levels.astype(int)})
        assert outcome.status is status
    k = int(np.argmax([here.ghost_ratio for here in found]))
    plane = Bench.of(public).planes[k]
    x = Bench.of(public).modulator.centres()
    i, j = found[k].ghost_at
    away = np.hypot(plane.spots_m[:, 0] - x[i], plane.spots_m[:, 1] - x[j])
    assert away.min() > public["guard"] * plane.disc_m
    assert f"plane {k} at" in outcome.feedback
    assert f"x = {1e6 * x[i]:.1f} um" in outcome.feedback


def test_the_outcome_is_the_weakest_spot_and_the_feedback_says_so() -> None:
    public = small()
    levels = levels_of(superposition(Bench.of(public), np.ones(4), np.zeros(4)))
    outcome = score(Instance("x", public=public), {"levels": levels.astype(np.uint8)})
    reached = 100 * guaranteed(Bench.of(public), light(Bench.of(public), levels))
    assert outcome.objective == reached.min()
    assert f"weakest: plane {int(reached.argmin()) // 2} spot {int(reached.argmin()) % 2}" in outcome.feedback
    again = score(Instance("x", public=public), {"levels": levels.astype(np.uint8)})
    assert (again.objective, again.feedback) == (outcome.objective, outcome.feedback)


# --- bound and reference ---------------------------------------------------------------------------------------------


def test_the_bound_is_the_eigenvalue_that_dense_algebra_gives() -> None:
    public = small(pixels=16)
    for plane in public["planes"]:
        plane["spots"] = [s | {"x_um": s["x_um"] / 2, "y_um": s["y_um"] / 2} for s in plane["spots"]]
    bench = Bench.of(public)
    rows = []
    for plane in bench.planes:
        discs = within(bench, plane, plane.disc_m).any(axis=0)
        impulses = np.eye(256, dtype=complex).reshape(256, 16, 16)
        rows.append(
            np.array([propagate(bench.modulator, field, plane.distance_m)[discs] for field in impulses]).T
        )
    dense = np.linalg.svd(np.vstack(rows), compute_uv=False)[0] ** 2
    assert bound.spectral_bound(bench) == pytest.approx(dense + bound.MARGIN, abs=1e-5)


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_no_plate_passes_the_bound(seed: int) -> None:
    bench = Bench.of(small())
    rng = np.random.default_rng(seed)
    levels = levels_of(superposition(bench, rng.uniform(0.5, 2, 4), rng.uniform(0, 7, 4)))
    assert guaranteed(bench, light(bench, levels)).min() <= SMALL_BOUND


SMALL_BOUND = bound.spectral_bound(Bench.of(small()))


def test_the_descent_has_the_gradient_of_finite_differences_and_climbs() -> None:
    pytest.importorskip("torch")
    bench = replace(Bench.of(small()), ghost_limit=0.05)
    descent = reference.Descent(bench)
    levels = random_levels(32, 4) * 0.8 + 20
    slope = descent.gradient(levels)

    def loss(at: Real) -> float:
        return float(descent.loss(descent.torch.tensor(at, dtype=descent.torch.float32), reference.HARDNESS[1]))

    way = np.sign(slope)
    step = 0.02
    measured = (loss(levels + step * way) - loss(levels - step * way)) / (2 * step)
    assert measured == pytest.approx(np.sum(slope * way), rel=0.03)

    bench = Bench.of(small())
    start = reference.started(bench, 0, starts=1)
    plate = reference.judged(bench, np.round(reference.Descent(bench).run(start.levels, 40)))
    assert plate.worst > 1.1 * start.worst
    better = reference.polished(bench, plate, reference.Descent(bench), 5, 0)
    assert better.worst >= plate.worst
    assert as_levels({"levels": better.levels.astype(np.uint8)}, 32) is not None


def test_without_torch_the_reference_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=re.escape("pip install 'journeyman[local]'")):
        reference.Descent(Bench.of(small()))


def test_an_anchor_is_replaced_by_a_better_feasible_plate_only() -> None:
    line = {
        "name": "x", "public": {}, "hidden": {"reference_kind": "spectral bound"},
        "anchors": {"baseline": 50.0, "reference": 120.0, "bound": 120.0},
    }  # fmt: skip
    levels = np.zeros((2, 2))
    assert reference.anchored(line, reference.Plate(levels, 0.8, 0.01), 1.0) == line
    found = reference.anchored(line, reference.Plate(levels, 0.8, -0.01), 1.0)
    assert found["anchors"]["reference"] == 80.0
    assert reference.anchored(found, reference.Plate(levels, 0.79, -0.01), 1.0) == found


# --- data and anchors ------------------------------------------------------------------------------------------------


def test_instances_are_generated_from_the_seeds_they_state() -> None:
    assert [i.hidden["seed"] for i in DEV] == list(generate.DEV_SEEDS)
    assert [i.hidden["seed"] for i in HELD_OUT] == list(generate.HELD_OUT_SEEDS)
    for instance in (*DEV, *HELD_OUT):
        assert generate.public_part(instance.hidden["seed"]) == instance.public
    assert not set(generate.DEV_SEEDS) & set(generate.HELD_OUT_SEEDS)


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_instances_are_sound_and_their_anchors_in_order(instance: Instance) -> None:
    bench = Bench.of(instance.public)
    anchors = instance.anchors
    assert anchors is not None
    assert anchors.bound is not None
    assert anchors.baseline < anchors.reference < anchors.bound
    assert instance.hidden["reference_kind"] == reference.SEARCHED
    assert bench.shares.sum() == pytest.approx(1, abs=1e-12)
    assert np.sum(bench.beam**2) == pytest.approx(1)
    assert instance.public["cpu_limit_s"] == TASK.limits.cpu_s
    x = bench.modulator.centres()
    for plane in bench.planes:
        discs = within(bench, plane, plane.disc_m)
        assert discs.sum(axis=0).max() == 1
        # Spots sit on samples, so the discs of a plane are all of the same samples.
        assert len(set(discs.sum(axis=(1, 2)))) == 1
        assert np.abs(x - plane.spots_m[:, :1]).min(axis=1) == pytest.approx(0, abs=1e-9)


def test_the_baseline_is_the_median_it_is_said_to_be() -> None:
    anchors = DEV[1].anchors
    assert anchors is not None
    assert generate.baseline(DEV[1].public) == pytest.approx(anchors.baseline, rel=1e-5)


def test_fresh_instances_are_repeatable_and_distinct() -> None:
    parts = [generate.public_part(seed) for seed in (0, 1, 2, 2**70)]
    assert parts == [generate.public_part(seed) for seed in (0, 1, 2, 2**70)]
    assert len({json.dumps(part) for part in parts}) == len(parts)


@pytest.mark.parametrize("instance", DEV, ids=lambda i: i.name)
def test_the_stored_design_scores_its_reference(instance: Instance) -> None:
    with np.load(FOLDER / "designs" / f"{instance.name}.npz") as stored:
        outcome = score(instance, dict(stored))
    assert instance.anchors is not None
    assert outcome.objective == pytest.approx(instance.anchors.reference, rel=1e-9)


# --- what a candidate and its author see -----------------------------------------------------------------------------


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_the_seed_is_feasible_and_near_the_baseline(instance: Instance) -> None:
    outcome = score(instance, solver(FOLDER / "seed.py")(instance.public))
    assert outcome.objective is not None, outcome.feedback
    assert instance.anchors is not None
    gap = instance.anchors.reference - instance.anchors.baseline
    assert abs(outcome.objective - instance.anchors.baseline) < 0.5 * gap
    assert len(outcome.feedback) < 500


def test_the_worked_example_of_the_statement_holds() -> None:
    public = json.loads(re.search(r"```json\n(.*?)```", TASK.statement, re.S)[1])  # type: ignore[index]
    program: dict[str, Any] = {}
    exec(re.search(r"```python\n(.*?)```", TASK.statement, re.S)[1], program)  # type: ignore[index]
    design = program["solve"](public)
    levels = design["levels"]
    assert (levels[0, 0], levels[36, 29], levels[36, 30]) == (147, 0, 255)
    outcome = score(Instance("example", public=public), design)
    assert outcome.objective == pytest.approx(86.30, abs=0.005)
    assert outcome.metrics["worst_ghost"].value == pytest.approx(0.0012, abs=5e-5)
    clean = score(Instance("example", public=public | {"crosstalk": 0.0}), design)
    assert clean.objective == pytest.approx(94.93, abs=0.006)
    assert set(public) == set(DEV[0].public)


def test_the_statement_states_the_limits_in_force() -> None:
    assert f"{TASK.limits.memory_mb} MB" in TASK.statement
    assert f"{TASK.limits.wall_s:g} s of wall time" in TASK.statement
    for instance in (*DEV, *HELD_OUT):
        assert instance.public["ghost_limit"] == 0.3
        assert instance.public["guard"] == 2.0
        assert instance.public["planes"][0]["distance_mm"] >= 57
        assert instance.public["planes"][-1]["distance_mm"] <= 260
        assert instance.anchors is not None
        assert 120 < (instance.anchors.bound or 0) < 135


def test_the_picture_is_a_png_of_sane_size() -> None:
    from matplotlib import image

    pictures = draw(DEV[2], solver(FOLDER / "seed.py")(DEV[2].public))
    assert list(pictures) == ["planes.png"]
    height, width, _ = image.imread(io.BytesIO(pictures["planes.png"])).shape
    assert width == 1100
    assert 500 < height < 1000


# --- controls --------------------------------------------------------------------------------------------------------

BROKEN = {
    "infeasible": "the brightest stray light",
    "do_nothing": "the brightest stray light",
    "near_infeasible": "= 256 lies outside 0..255 (1 of 65536 do)",
    "near_ghost": "is 0.30",
    "malformed": "must have the shape (256, 256), got (255, 256)",
    "malformed_float": "must hold integers, got an array of float64",
    "malformed_bool": "must hold integers, got an array of bool",
    "malformed_empty": "dict of arrays",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_controls_are_refused_for_their_own_reason(name: str) -> None:
    outcome = score(DEV[0], solver(FOLDER / "gate" / f"{name}.py")(DEV[0].public))
    assert outcome.status is Status.INFEASIBLE
    assert BROKEN[name] in outcome.feedback


@pytest.mark.parametrize("instance", DEV, ids=lambda i: i.name)
def test_the_near_ghost_exceeds_its_limit_by_less_than_a_thousandth(instance: Instance) -> None:
    outcome = score(instance, solver(FOLDER / "gate" / "near_ghost.py")(instance.public))
    ratio = float(re.search(r"is ([\d.]+) of the peak", outcome.feedback)[1])  # type: ignore[index]
    assert 0.3 < ratio < 0.3003


def objective(name: str) -> float:
    program: dict[str, Any] = {}
    exec(compile(control_candidate(TASK, name).text(TASK.main), name, "exec"), program)
    outcome = score(DEV[1], program["solve"](DEV[1].public))
    assert outcome.objective is not None, outcome.feedback
    return outcome.objective


def test_controls_form_a_ladder_from_superposition_to_the_oracle() -> None:
    anchors = DEV[1].anchors
    assert anchors is not None
    tuned, oracle = objective("tuned"), objective("oracle")
    assert anchors.baseline < tuned < oracle < anchors.reference
