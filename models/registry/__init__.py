"""The model registry: versions, the champion, promotion and rollback. The one place that imports mlflow.

Importing this package is cheap; mlflow itself (seconds, 160 MB) is loaded by the first :class:`Registry`.
"""

from models.registry.connection import RegistryError
from models.registry.registry import Registry, VersionInfo

__all__ = ["Registry", "RegistryError", "VersionInfo"]
