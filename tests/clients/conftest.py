"""Client libraries as applications use them, through a failover of a real deployment.

libraries.py lists them; scripts/install-deps installs them.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness.fixtures import deploy, deploy_module  # noqa: E402, F401
