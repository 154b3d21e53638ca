"""The mastery model: knowledge tracing with ability, item difficulty and forgetting, by marginal likelihood."""
