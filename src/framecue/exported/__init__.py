"""Models as graphs of ONNX, which encode without torch: made once, kept in the user's cache, run by ONNX Runtime.

What runs a graph (`session.py`, `text.py`, `tokenize.py`) imports neither torch nor transformers; what makes one does.
"""
