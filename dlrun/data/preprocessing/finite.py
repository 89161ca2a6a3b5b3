"""Whether encoded rows hold a number everywhere: what is missing or infinite is counted, a part of the rows at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array
from dlrun.data.preprocessing.block import listed
from dlrun.errors import DataError


@dataclass
class _Faults:
    """How many rows have one, and how many there are in each column."""

    rows: int = 0
    columns: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))

    def add(self, wrong: npt.NDArray[np.bool_]) -> None:
        self.rows += int(wrong.reshape(len(wrong), -1).any(axis=1).sum())
        self.columns = self.columns + wrong.sum(axis=0)


@dataclass
class FiniteCheck:
    """Counts what is not finite among encoded rows.

    Args:
        names: of the columns; empty where there are none.
    """

    names: tuple[str, ...]
    _rows: int = 0
    _missing: _Faults = field(default_factory=_Faults)
    _infinite: _Faults = field(default_factory=_Faults)

    def look(self, encoded: Array) -> None:
        """Look at some rows, (rows, ...)."""
        self._rows += len(encoded)
        if encoded.dtype.kind == "f" and not np.isfinite(encoded).all():
            self._missing.add(np.isnan(encoded))
            self._infinite.add(np.isinf(encoded))

    def refuse(self) -> None:
        """Raise DataError where anything was found, with columns and counts."""
        if self._missing.rows:
            hint = "add `impute` to the steps" + (", or leave the columns out with `features`" if self.names else "")
            raise DataError(f"values are missing after the last step: {self._where(self._missing)}", hint=hint)
        if self._infinite.rows:
            hint = "values beyond 3.4e38 do not fit into float32"
            raise DataError(f"not finite after preprocessing: {self._where(self._infinite)}", hint=hint)

    def _where(self, faults: _Faults) -> str:
        """Say in which columns and how many rows: ``age (2), rooms (1), in 3 of 5 rows``."""
        rows = f"in {faults.rows:,} of {self._rows:,} rows"
        if not self.names:
            return rows
        columns = [f"{self.names[place]} ({faults.columns[place]:,})" for place in np.flatnonzero(faults.columns)]
        return f"{listed(columns, what=' columns')}, {rows}"
