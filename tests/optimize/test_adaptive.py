import operator
from typing import Any
import pytest
from journeyman.optimize.search.adaptive import Adaptive
from journeyman.testing.searches import SearchSuite
class TestAdaptive(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Adaptive(operator.gt, seed=3)
class TestTwo(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Adaptive(operator.gt, chains=2, evaluations=40, patience=0.1)
