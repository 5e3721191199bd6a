"""When customers come: weekday, hour and noise."""

from bisect import bisect_right
from functools import cache
from itertools import accumulate
from random import Random

from pos_pipeline.sandbox.shop.clock import MILLISECOND, Instant, hour_starts
from pos_pipeline.sandbox.shop.merchants import LocationSpec

# Monday to Sunday
_WEEKDAYS = (0.85, 0.9, 0.95, 0.95, 1.1, 1.25, 1.0)
# local hour of day: breakfast, second breakfast, lunch, afternoon snack
_HOURS = (
    2, 1, 1, 1, 1, 2, 5, 12, 22, 24, 20, 18, 17, 20, 14, 8, 8, 14, 18, 16, 10, 7, 5, 4,
)  # fmt: skip


@cache
def _hourly(opens_hour: int, closes_hour: int) -> tuple[int, ...]:
    return tuple(accumulate(_HOURS[hour % 24] for hour in range(opens_hour, closes_hour)))


def arrival_times(location: LocationSpec, day: int, sales_per_day: float, rnd: Random) -> list[Instant]:
    """When the sales of a local day are paid, in order. The average over a week is `sales_per_day`."""
    expected = sales_per_day * location.weight * _WEEKDAYS[(day + 3) % 7] * (0.8 + 0.4 * rnd.random())
    count = int(expected) + (rnd.random() < expected % 1)
    totals = _hourly(location.opens_hour, location.closes_hour)
    starts = hour_starts(location.timezone, day)
    chance = rnd.random
    times = []
    for _ in range(count):
        hour = location.opens_hour + bisect_right(totals, chance() * totals[-1])
        start = starts[hour]
        times.append((start + int(chance() * (starts[hour + 1] - start))) // MILLISECOND * MILLISECOND)
    times.sort()
    return times
