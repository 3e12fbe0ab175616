"""Everything that overrides skorch."""
