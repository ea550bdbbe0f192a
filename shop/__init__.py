"""The ground floor: configuration and what every room needs. Imports no other room."""

__version__ = "0.1.0"
