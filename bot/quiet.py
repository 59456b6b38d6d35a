"""Keeps Rasa and what it brings along from writing what nobody asked for, learners' words above all."""

from __future__ import annotations

import logging
import os
import warnings


def before_rasa() -> None:
    """Must run before anything of Rasa is imported: TensorFlow reads its settings at import."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    # Rasa draws a progress bar for every loop below this level.
    os.environ["LOG_LEVEL"] = "WARNING"
    # One question at a time on one core; more threads only wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    warnings.simplefilter("ignore")


def after_rasa() -> None:
    """Never below INFO: Rasa writes messages and parses at DEBUG."""
    import structlog

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("rasa", "apscheduler", "matplotlib", "sanic.root", "sanic.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(),
    )
