"""The HTTP API: thin routes over :class:`service.tutor.Tutor`."""
