"""Transformers that add channels to a series before windows are made of it."""

from ._calendar import CalendarFeatures

__all__ = ["CalendarFeatures"]
