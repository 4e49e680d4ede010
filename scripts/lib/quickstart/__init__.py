"""A deployment on this machine, a failover under load, and what a client saw of it.

Standard library only: it runs before anything but the compiler is installed.
"""
