"""Networks as ONNX models, which forecast where torch is not installed."""

from ._export import to_onnx

__all__ = ["to_onnx"]
