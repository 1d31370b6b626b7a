"""Softswitch: a virtual call centre in one process. The rooms are described in docs/design.md."""
