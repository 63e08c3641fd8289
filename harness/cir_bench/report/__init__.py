"""Run records in, pages to look at out: one self-contained HTML file, and pages with queries and their images.

``material`` what there is · ``view`` a section ready to be shown: ``tables``, ``cost``, ``recall``, ``learning``,
``tags``, ``sweeps`` · ``svg`` charts · ``page`` templates · ``examples`` queries with their images and explanations.
Text of records is untrusted: templates escape everything. Without ``examples`` it imports no torch.
"""

from cir_bench.report.material import Block, blocks
from cir_bench.report.write import report_page

__all__ = ["Block", "blocks", "report_page"]
