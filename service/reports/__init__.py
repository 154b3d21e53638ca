"""Report pages for teachers, rendered on the server."""

from service.reports.faults import refused
from service.reports.router import router

__all__ = ["refused", "router"]
