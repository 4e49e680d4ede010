"""Waiting for a condition, never for a duration."""

import time

GENEROUS_SECONDS = 30.0  # A busy 2-core machine may be ten times slower than expected.
POLL_SECONDS = 0.01


def wait_for(condition, what, timeout=GENEROUS_SECONDS, poll=POLL_SECONDS):
    """The first true value of condition(). A refused or broken connection counts as "not yet".

    Fails with `what`, and what was last seen, once `timeout` seconds have passed.
    """
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (OSError, EOFError) as error:
            last = repr(error)
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {timeout:g} s in vain: {what}; last seen: {last!r}")
        time.sleep(poll)


def never(condition, what, seconds):
    """Watches that condition() stays false for `seconds`; the way to test that nothing happens."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = condition()
        assert not seen, f"must not happen: {what}; seen: {seen!r}"
        time.sleep(POLL_SECONDS)
