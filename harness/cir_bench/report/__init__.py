"""Run records in, pages to look at out: one self-contained HTML file, and pages of example queries with their images.

``sections`` gives the leaderboard's sections colours; ``html_table``, ``cost``, ``recall``, ``tuning``, ``learning``,
``tags`` and ``sweeps`` make tables and charts of them, with ``figures``, ``svg``, ``bars`` and ``end_labels``; ``page``
puts them together, and ``rendering`` fills the templates, which escape all text of records. ``examples`` shows queries
with their images and explanations; without it the report imports no torch.
"""

from cir_bench.report.page import report_page
from cir_bench.report.sections import ReportSection, report_sections

__all__ = ["ReportSection", "report_page", "report_sections"]
