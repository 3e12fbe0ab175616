"""Export of networks as ONNX models, to forecast without torch."""

from ._export import to_onnx

__all__ = ["to_onnx"]
