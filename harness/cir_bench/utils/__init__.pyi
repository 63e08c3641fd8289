"""The names of this package and where they are from: read by type checkers, and by `cir_bench.utils.lazy`."""

from cir_bench.bounded import parse_json as parse_json
from cir_bench.bounded import read_bounded as read_bounded
from cir_bench.errors import did_you_mean as did_you_mean
from cir_bench.utils.checkpointing import recompute as recompute
from cir_bench.utils.checkpointing import recompute_blocks as recompute_blocks
from cir_bench.utils.files import IMAGE_SUFFIXES as IMAGE_SUFFIXES
from cir_bench.utils.files import file_digest as file_digest
from cir_bench.utils.files import image_file as image_file
from cir_bench.utils.files import inside as inside
from cir_bench.utils.files import missing_file as missing_file
from cir_bench.utils.files import read_json as read_json
from cir_bench.utils.images import decode_image as decode_image
from cir_bench.utils.images import read_image as read_image
from cir_bench.utils.pseudo_words import pseudo_word_parts as pseudo_word_parts
from cir_bench.utils.pseudo_words import pseudo_word_rows as pseudo_word_rows
from cir_bench.utils.splits import evaluated_split as evaluated_split
from cir_bench.utils.state import state_digest as state_digest
from cir_bench.utils.submissions import Mistakes as Mistakes
from cir_bench.utils.submissions import check_lists as check_lists
from cir_bench.utils.submissions import json_object as json_object
from cir_bench.utils.weights import read_weights as read_weights
