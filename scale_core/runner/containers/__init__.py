"""Running the job step of a plan in a container, through the Docker engine of this machine.

Only :mod:`~scale_core.runner.containers.notes` is imported by whoever runs none: Docker's client costs more memory than
all else that a worker has.
"""
