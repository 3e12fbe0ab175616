"""Transformers that add channels to a series before it is cut into windows."""

from ._calendar import CalendarFeatures

__all__ = ["CalendarFeatures"]
