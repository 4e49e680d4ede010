"""The differential test: Debian's redis-sentinel and vigil-sentinel are asked the same, in the same state.

    /usr/bin/python3 -m pytest tests/compat                    # build/release/vigil-sentinel
    /usr/bin/python3 -m pytest tests/compat -k monitor         # one script of tests/compat/scripts
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
