"""The agents of the road, by name. Each module here holds one, as AGENT; none is imported before it is asked for."""

import importlib
from typing import Any

from pipeline.errors import Misconfigured
from pipeline.stream.agent import Agent

AGENTS = ("decode", "ocr", "hotlist", "section_control", "cross_border", "liaison")
"""In the order of the road. Named, not discovered: a module that fails to import must fail loudly."""


def agent_named(name: str) -> Agent[Any]:
    """The agent of this name. Raises Misconfigured for a name that is none."""
    if name not in AGENTS:
        raise Misconfigured("agent", found=name, allowed="one of " + ", ".join(AGENTS))
    agent: Agent[Any] = importlib.import_module(f"agents.{name}").AGENT
    return agent
