"""Report pages for teachers, rendered on the server."""

from service.reports.router import router

__all__ = ["router"]
