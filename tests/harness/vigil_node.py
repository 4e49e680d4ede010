from harness.sentinel_node import SentinelNode


class VigilSentinel(SentinelNode):
    kind = "vigil"
