"""Client libraries as applications use them, through a failover of a real deployment.

redis-py is Debian's python3-redis; ioredis is installed by `npm ci` in this folder.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness.fixtures import deploy  # noqa: E402, F401
