"""examples/my_simulator computes what the handbooks say."""

from __future__ import annotations

import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "my_simulator"


@pytest.fixture(scope="module")
def sim() -> ModuleType:
    spec = importlib.util.spec_from_file_location("crane_arm", FOLDER / "sim.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_section_of_a_stock_tube(sim: ModuleType) -> None:
    # EN 10210-2, hot-finished hollow section 100 x 50 x 4: A = 11.2 cm2, I = 140 cm4. The table has rounded corners,
    # the simulator sharp ones, so ours are larger by a few per cent, never smaller.
    tube = sim.section(height=100.0, width=50.0, flange=4.0, web=4.0)
    assert 1.0 <= tube.area / 1120 <= 1.04
    assert 1.0 <= tube.inertia / 140e4 <= 1.04


def test_half_moment_of_a_tube_against_its_definition(sim: ModuleType) -> None:
    # Q is the integral of |y| over the half section; here by slices of 0.01 mm.
    height, width, flange, web = 100.0, 50.0, 4.0, 6.0
    dy = 0.01
    total = 0.0
    for i in range(int(height / 2 / dy)):
        y = (i + 0.5) * dy
        total += y * (width if y > height / 2 - flange else 2 * web) * dy
    assert sim.section(height, width, flange, web).half_moment == pytest.approx(total, rel=1e-6)


def test_plate_buckling_is_roarks_coefficient(sim: ModuleType) -> None:
    # Roark, table 15.2, case 1a, long plate: 3.29 E / (1 - nu^2) (t / b)^2.
    expected = 3.29 * sim.YOUNG_MPA / (1 - 0.3**2) * (5 / 100) ** 2
    assert sim.plate_buckling_mpa(5.0, 100.0, 4.0) == pytest.approx(expected, rel=1e-3)


def test_straight_arm_is_the_handbook_cantilever(sim: ModuleType) -> None:
    # Roark, table 8.1, cases 1a and 2a: W l^3 / (3 E I) + w l^4 / (8 E I), and the moment W l + w l^2 / 2 at the wall.
    arm = sim.Arm(160.0, 160.0, 100.0, 8.0, 6.0)
    tube = sim.section(160.0, 100.0, 8.0, 6.0)
    weight = tube.area * sim.DENSITY_KG_MM3 * sim.GRAVITY
    length, load, stiffness = sim.LENGTH_MM, sim.LOAD_N, sim.YOUNG_MPA * tube.inertia
    result = sim.simulate(arm)
    assert result["deflection_mm"] == pytest.approx(
        load * length**3 / (3 * stiffness) + weight * length**4 / (8 * stiffness), rel=1e-4
    )
    assert result["stress_mpa"] == pytest.approx((load * length + weight * length**2 / 2) / tube.modulus, rel=1e-4)
    assert result["mass_kg"] == pytest.approx(tube.area * length * sim.DENSITY_KG_MM3)


def test_taper_removes_mass_and_stiffness(sim: ModuleType) -> None:
    straight = sim.simulate(sim.Arm(160.0, 160.0, 100.0, 8.0, 6.0))
    tapered = sim.simulate(sim.Arm(160.0, 80.0, 100.0, 8.0, 6.0))
    assert tapered["mass_kg"] < straight["mass_kg"]
    assert tapered["deflection_mm"] > straight["deflection_mm"]


def run(design: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FOLDER / "sim.py"), str(design), str(out)], capture_output=True, text=True, timeout=60
    )


def test_the_first_drawing_keeps_the_limits_of_the_readme(tmp_path: Path) -> None:
    done = run(FOLDER / "params.toml", tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "out.json").read_text())
    assert result["stress_mpa"] <= 250
    assert result["deflection_mm"] <= 40
    assert result["buckling_safety"] >= 2
    assert all(math.isfinite(v) for v in result.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("height_root = 160\n", "height_tip must be a number"),
        ("height_root = -5\nheight_tip=1\nwidth=1\nflange=1\nweb=1\n", "height_root = -5 mm cannot be made"),
        ("height_root = nan\nheight_tip=1\nwidth=1\nflange=1\nweb=1\n", "cannot be made"),
        ("height_root = true\n", "must be a number"),
        ("height_root = 60\nheight_tip=40\nwidth=40\nflange=30\nweb=2\n", "nothing is left of the hollow"),
        ("= =", "sim.py:"),
    ],
)
def test_a_design_that_cannot_be_made_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    design = tmp_path / "params.toml"
    design.write_text(text)
    done = run(design, tmp_path / "out.json")
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out.json").exists()
