"""Every image of the platform that needs no registry: from Debian's packages and PyPI alone."""
