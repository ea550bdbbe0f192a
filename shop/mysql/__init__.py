"""A database engine for Django's settings: MySQL with fewer journeys to it. What is different stands in ``base``."""
