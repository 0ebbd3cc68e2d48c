"""Gradient optimisation of a flight: energy plus exact-model penalties as a differentiable function of the knots (torch).

The same formulas as `spline`, `wind`, `power` and `flight`, written once more for automatic differentiation; the tests hold
the two against each other. Only `reference` uses this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from journeyman.errors import MissingExtra
from journeyman.tasks.control.uav_inspection import power as exact
from journeyman.tasks.control.uav_inspection.site import Site
from journeyman.tasks.control.uav_inspection.spline import Array

try:
    import torch
except ImportError:
    raise MissingExtra(
        "the inspection flight's reference needs PyTorch, which is not installed: pip install 'journeyman[distill]'"
    ) from None

SHORTEST_S = 0.12


@dataclass(frozen=True)
class Margins:
    """How far inside each limit the optimisation stays: m, m, m/s, degrees, N."""

    length_m: float = 0.12
    photo_m: float = 0.02
    speed_m_s: float = 0.02
    tilt_deg: float = 0.15
    thrust_n: float = 0.2

    def wider(self, factor: float) -> Margins:
        """All margins times `factor`."""
        return Margins(
            self.length_m * factor, self.photo_m * factor, self.speed_m_s * factor,
            self.tilt_deg * factor, self.thrust_n * factor,
        )  # fmt: skip


class Course:
    """A flight as a vector of free numbers: logarithms of the K - 1 intervals, then the K - 2 inner knots (m).

    `visits[i]` is the knot at which point i is photographed.
    """

    def __init__(self, site: Site, t: Array, x: Array, visits: list[int], parts: int = 6) -> None:
        self.site, self.visits, self.knots, self.parts = site, visits, len(t), parts
        self.start = np.concatenate([np.log(np.maximum(np.diff(t), 0.15)), x[1:-1].ravel()])
        self._boxes = torch.tensor([[box.low, box.high] for box in site.boxes], dtype=torch.float64)
        self._points = torch.tensor([point.at for point in site.points], dtype=torch.float64)
        self._photo = torch.tensor([point.photo_speed_m_s for point in site.points], dtype=torch.float64)
        self._pad = torch.tensor([site.pad], dtype=torch.float64)

    def decode(self, z: Array) -> tuple[Array, Array]:
        """Knot times (s) and positions (m) of a vector."""
        h = SHORTEST_S + np.exp(z[: self.knots - 1])
        x = np.vstack([self.site.pad, z[self.knots - 1 :].reshape(-1, 3), self.site.pad])
        return np.concatenate([[0.0], np.cumsum(h)]), x

    def loss(self, z: Array, weight: float, margins: Margins) -> tuple[float, Array]:
        """Energy (kJ) plus `weight` times the sum of squared excesses, and its gradient."""
        free = torch.tensor(z, dtype=torch.float64, requires_grad=True)
        energy, excess = self.measures(free, margins)
        total = energy + weight * excess
        total.backward()
        assert free.grad is not None
        return float(total.detach()), free.grad.numpy()

    def measures(self, free: Any, margins: Margins) -> tuple[Any, Any]:
        """Energy (kJ) and the sum of squared excesses over all limits, as torch scalars."""
        site, limit = self.site, self.site.limits
        n = self.knots
        h = SHORTEST_S + torch.exp(free[: n - 1])
        x = torch.cat([self._pad, free[n - 1 :].reshape(-1, 3), self._pad])
        slope = self._slopes(h, x)
        u = (torch.arange(self.parts, dtype=torch.float64) / self.parts)[None, :, None]
        a, b = x[:-1, None], x[1:, None]
        hk = h[:, None, None]
        p, q = slope[:-1, None] * hk, slope[1:, None] * hk
        c2, c3 = 3 * (b - a) - 2 * p - q, 2 * (a - b) + p + q
        start = torch.cat([torch.zeros(1, dtype=torch.float64), torch.cumsum(h, 0)])
        t = (start[:-1, None] + u[:, :, 0] * h[:, None]).reshape(-1)
        place = (a + u * (p + u * (c2 + u * c3))).reshape(-1, 3)
        v = ((p + u * (2 * c2 + 3 * c3 * u)) / hk).reshape(-1, 3)
        acceleration = ((2 * c2 + 6 * c3 * u) / hk**2).reshape(-1, 3)
        # The last instant of all: at rest on the pad.
        t, place, v = torch.cat([t, start[-1:]]), torch.cat([place, x[-1:]]), torch.cat([v, slope[-1:]])
        acceleration = torch.cat([acceleration, (2 * c2[-1] + 6 * c3[-1]) / hk[-1] ** 2])

        air = v - self._wind(place, t)
        drag = 0.5 * site.air_density_kg_m3 * site.drone.drag_area_m2
        thrust = site.drone.mass_kg * acceleration + drag * _norm(air)[:, None] * air
        thrust = thrust + torch.tensor([0.0, 0.0, site.drone.mass_kg * site.gravity_m_s2])
        watts = self._electric(thrust, air)
        share = (h / self.parts).repeat_interleave(self.parts)
        energy = torch.sum(share * (watts[1:] + watts[:-1])) / 2000

        size, speed = _norm(thrust), _norm(v)
        tilt = torch.rad2deg(torch.atan2(_norm(thrust[:, :2]), thrust[:, 2]))
        low, high = (torch.tensor(corner) for corner in (site.fence.low, site.fence.high))
        terms = [
            speed - limit.speed_m_s + margins.speed_m_s,
            v[:, 2] - limit.climb_m_s + margins.speed_m_s,
            -v[:, 2] - limit.descent_m_s + margins.speed_m_s,
            (tilt - limit.tilt_deg + margins.tilt_deg) / 5,
            (size - limit.thrust_max_n + margins.thrust_n) / 5,
            (limit.thrust_min_n + margins.thrust_n - size) / 5,
            (low + margins.photo_m - place).reshape(-1),
            (place - high + margins.photo_m).reshape(-1),
            self._into_boxes(place, margins.length_m).reshape(-1),
        ]
        for obstacle in site.obstacles:
            swing = torch.sin(2 * torch.pi * t / obstacle.period_s + obstacle.phase_rad)
            gap = place - torch.tensor(obstacle.centre) - swing[:, None] * torch.tensor(obstacle.swing)
            terms.append(obstacle.radius_m + margins.length_m - _norm(gap))
        visited = torch.tensor(self.visits)
        terms.append(3 * (_norm(x[visited] - self._points) - site.photo_radius_m + margins.photo_m))
        terms.append(3 * (_norm(slope[visited]) - self._photo + margins.speed_m_s))
        terms.append((start[-1] - limit.time_s).reshape(1))
        excess = torch.stack([torch.sum(torch.relu(term) ** 2) for term in terms]).sum()
        return energy, excess

    def _slopes(self, h: Any, x: Any) -> Any:
        d = (x[1:] - x[:-1]) / h[:, None]
        right = 3 * (d[:-1] * h[1:, None] + d[1:] * h[:-1, None])
        # Row k: slopes of knots k, k + 1, k + 2; the first and the last slope of all are zero.
        system = torch.diag(2 * (h[:-1] + h[1:])) + torch.diag(h[2:], -1) + torch.diag(h[:-2], 1)
        zero = torch.zeros(1, 3, dtype=torch.float64)
        return torch.cat([zero, torch.linalg.solve(system, right), zero])

    def _wind(self, place: Any, t: Any) -> Any:
        wind = self.site.wind
        angle = np.deg2rad(wind.towards_deg)
        along = torch.tensor([np.cos(angle), np.sin(angle), 0.0])
        across = torch.tensor([-np.sin(angle), np.cos(angle), 0.0])
        mean = wind.speed_10m_m_s * (torch.clamp(place[:, 2], min=1.0) / 10) ** wind.exponent
        forward, sideways = 1.0, 0.0
        for gust in wind.gusts:
            phase = 2 * torch.pi * (t - place @ along / wind.speed_10m_m_s) / gust.period_s + gust.phase_rad
            forward = forward + gust.along * torch.sin(phase)
            sideways = sideways + gust.across * torch.cos(phase)
        return (mean * forward)[:, None] * along + (mean * sideways)[:, None] * across

    def _electric(self, thrust: Any, air: Any) -> Any:
        drone = self.site.drone
        size = _norm(thrust)
        axial = torch.sum(thrust * air, 1) / size
        edgewise = torch.sqrt(torch.clamp(torch.sum(air**2, 1) - axial**2, min=1e-12))
        disk = self.site.air_density_kg_m3 * drone.disk_area_m2
        hover = size / (2 * disk)
        v = torch.tensor(
            exact.induced_velocity(hover.detach().numpy(), axial.detach().numpy(), edgewise.detach().numpy())
        )
        # One more Newton step from the solution: it changes nothing but carries the derivative.
        through = axial + v
        speed = torch.sqrt(edgewise**2 + through**2)
        slope = (speed + v * through / speed).detach()
        v = v - (v * speed - hover) / slope
        tip = torch.sqrt(size / (disk * drone.thrust_coefficient))
        profile = drone.solidity * drone.blade_drag / 8 * disk * tip * (tip**2 + 4.65 * edgewise**2)
        shafts = size * axial + drone.induced_factor * size * v + profile
        return torch.relu(shafts) / drone.efficiency + drone.avionics_w

    def _into_boxes(self, place: Any, margin: float) -> Any:
        middle, half = (self._boxes[:, 0] + self._boxes[:, 1]) / 2, (self._boxes[:, 1] - self._boxes[:, 0]) / 2
        beyond = torch.abs(place[:, None] - middle) - half
        outside = torch.sqrt(torch.sum(torch.relu(beyond) ** 2, 2) + 1e-12)
        inside = torch.clamp(torch.max(beyond, 2).values, max=0.0)
        return margin - outside - inside


def _norm(vectors: Any) -> Any:
    return torch.sqrt(torch.sum(vectors**2, 1) + 1e-12)
