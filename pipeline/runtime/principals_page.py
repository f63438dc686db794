"""Makes docs/principals.md of the table of rights: ``python -m pipeline.runtime.principals_page``."""

from pathlib import Path

from pipeline.runtime.principals import PRINCIPALS


def as_markdown() -> str:
    """The table as docs/principals.md holds it."""
    lines = [
        "# Who may what",
        "",
        "One principal for each kind of process, with a password of its own on Kafka (SCRAM-SHA-512) and on Redis (ACL user).",
        "What is not in the table is denied. `admin` makes topics and accounts and may everything. Users are named",
        "NAMESPACE-PRINCIPAL, the admin alone `admin`; in the patterns NS stands for the namespace.",
        "",
        "This page is made by `python -m pipeline.runtime.principals_page` from `pipeline/runtime/principals.py`.",
        "",
        "| principal | what it does | reads | writes | keys in Redis |",
        "|---|---|---|---|---|",
    ]
    for one in PRINCIPALS:
        reads = ", ".join(topic.name for topic in one.reads) or "-"
        writes = ", ".join(topic.name for topic in one.writes) or "-"
        keys = ", ".join(f"`{memory.pattern}`{'' if memory.writes else ' (reads)'}" for memory in one.keys) or "-"
        lines.append(f"| `{one.name}` | {one.about} | {reads} | {writes} | {keys} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path("docs/principals.md").write_text(as_markdown(), "utf-8")
