"""severe_bench: how well does a pretrained video model generalise?"""

__version__ = "0.1.0"
