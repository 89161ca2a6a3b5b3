"""Which rows train, which are scored, and which nobody looks at: row indices, never data.

`making.make_splits` is the front door. Rows that must stay together are units (`units`), scikit-learn splits units
(`folding`, `cutting`, `grouping`), and rows follow.
"""

from dlrun.evaluation.splitting.making import make_splits
from dlrun.evaluation.splitting.plan import Split, SplitPlan

__all__ = ["Split", "SplitPlan", "make_splits"]
