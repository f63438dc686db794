"""The agents by name. Each module here holds one, as AGENT; it is imported when it is asked for."""

import importlib
from typing import Any

from pipeline.errors import Misconfigured
from pipeline.stream.agent import Agent

AGENTS = (
    "decode", "ocr", "hotlist", "copied_plates", "section_control", "cross_border", "liaison", "incidents", "health", "audit",
)  # fmt: skip
"""In the order in which data flows through them. Named, not discovered: a module that fails to import must fail loudly."""


def agent_named(name: str) -> Agent[Any]:
    """The agent with this name. Raises Misconfigured for an unknown name."""
    if name not in AGENTS:
        raise Misconfigured("agent", found=name, allowed="one of " + ", ".join(AGENTS))
    agent: Agent[Any] = importlib.import_module(f"agents.{name}").AGENT
    return agent
