"""`python -m backend.slack link EMAIL SLACK_USER`: say by hand who a Slack user is, where the addresses differ."""

from __future__ import annotations

import argparse
import asyncio
import sys

from backend.clock import Clock
from backend.settings import Settings
from backend.slack.directory import link
from backend.store.base import Store, make_engine


async def _link(email: str, user_id: str) -> int:
    store = Store(make_engine(Settings().database))
    try:
        async with store.write() as session:
            member = await link(session, Clock(), user_id, email)
    finally:
        await store.close()
    if member is None:
        print(f"lectern: there is no active member of staff with {email}.", file=sys.stderr)
        return 1
    print(f"{user_id} is {member.name} ({member.role}) from now on.")
    return 0


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m backend.slack", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    links = commands.add_parser("link", help="link a Slack user to a staff account")
    links.add_argument("email", help="the staff account's address")
    links.add_argument("user", help="the Slack user's id, such as U012AB3CD")
    options = parser.parse_args()
    return asyncio.run(_link(options.email, options.user))


if __name__ == "__main__":
    sys.exit(main())
