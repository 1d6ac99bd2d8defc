"""Command: `fieldapp serve | demo | import-register | register-template | user add | user move | migrate | backup | restore | move | rescue | verify-letter | doctor`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from fieldapp import config


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="fieldapp", description="The app that a community worker opens at a door."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    serve = commands.add_parser("serve", help="answer phones and browsers")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--workers", type=int, default=2)
    serve.add_argument("--threads", type=int, default=16)
    serve.set_defaults(run=_serve)

    demo = commands.add_parser("demo", help="fill an empty database with the demo community")
    demo.set_defaults(run=_demo)

    register = commands.add_parser("import-register", help="read a household register (.xlsx, .csv)")
    register.add_argument("file", type=Path)
    register.add_argument("--community", required=True, help="the community's name")
    register.add_argument("--town", default="", help="the town's name, for a new community")
    register.set_defaults(run=_import_register)

    template = commands.add_parser("register-template", help="write an empty register sheet (.xlsx)")
    template.add_argument("file", type=Path)
    template.set_defaults(run=_register_template)

    user = commands.add_parser("user", help="accounts").add_subparsers(dest="action", required=True)
    add = user.add_parser("add", help="add a person who signs in; the password is read from standard input")
    add.add_argument("username")
    add.add_argument("--name", required=True)
    add.add_argument("--role", required=True, choices=["grid_worker", "volunteer", "supervisor"])
    add.add_argument("--community", required=True)
    add.add_argument("--grid", action="append", default=[], help="a grid's name; may be given several times")
    add.set_defaults(run=_user_add)
    move = user.add_parser("move", help="give a person other grids than before")
    move.add_argument("username")
    move.add_argument("--grid", action="append", default=[], help="a grid's name; may be given several times")
    move.set_defaults(run=_user_move)

    commands.add_parser("migrate", help="bring the database's schema up to date").set_defaults(run=_migrate)
    backup = commands.add_parser(
        "backup",
        help="write the whole database to one file, while serving (photos are files: see docs/operations.md)",
    )
    backup.add_argument("file", type=Path)
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="put a backup in place of the database")
    restore.add_argument("file", type=Path)
    restore.set_defaults(run=_restore)
    move = commands.add_parser("move", help="copy everything into another, empty database")
    move.add_argument("url", help="postgresql://… or sqlite:///…; set DATABASE_URL to it afterwards")
    move.set_defaults(run=_move)
    rescue = commands.add_parser("rescue", help="take in what waited on a phone, from its rescue file")
    rescue.add_argument("file", type=Path)
    rescue.add_argument("--phone-lost", action="store_true", help="even if earlier records are missing here")
    rescue.set_defaults(run=_rescue)
    letter = commands.add_parser("verify-letter", help="prove a signed letter untouched, or say what changed")
    letter.add_argument("id", help="the letter's id, as its address has it")
    letter.set_defaults(run=_verify_letter)
    commands.add_parser("doctor", help="check this installation and say what is wrong").set_defaults(
        run=_doctor
    )

    arguments = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    return run(arguments)


def _prepare() -> None:
    from fieldapp.db import default_database, upgrade
    from fieldapp.features import declare_all

    declare_all()
    upgrade(default_database())


def _serve(arguments: argparse.Namespace) -> int:
    from fieldapp.serve import serve

    return serve(arguments.host, arguments.port, arguments.workers, arguments.threads)


def _demo(arguments: argparse.Namespace) -> int:
    from fieldapp.demo.build import build
    from fieldapp.demo.sign_ins import describe
    from fieldapp.places.record import Community

    _prepare()
    if Community.select().exists():
        print("This database already holds a community; the demo needs an empty one.")
        print(describe())
        return 0
    build(config.now())
    print(describe())
    return 0


def _import_register(arguments: argparse.Namespace) -> int:
    from fieldapp.places.register import run_import

    _prepare()
    return run_import(arguments.file, arguments.community, arguments.town)


def _register_template(arguments: argparse.Namespace) -> int:
    from fieldapp.places.register_sheet import write_template

    write_template(arguments.file)
    print(arguments.file)
    return 0


def _user_add(arguments: argparse.Namespace) -> int:
    import getpass

    from fieldapp.people import accounts
    from fieldapp.places.record import Community

    _prepare()
    community = Community.get_or_none(Community.name == arguments.community)
    if community is None:
        known = ", ".join(one.name for one in Community.select())
        print(f"no community named {arguments.community}; there are: {known or 'none'}", file=sys.stderr)
        return 1
    grids = _grids(community.id, arguments.grid)
    if grids is None:
        return 1
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if len(password) < 8:
        print("the password needs at least 8 characters", file=sys.stderr)
        return 1
    try:
        accounts.add(
            arguments.username,
            password,
            arguments.name,
            arguments.role,
            community.id,
            grids,
        )
    except accounts.AccountError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{arguments.username} may sign in")
    return 0


def _user_move(arguments: argparse.Namespace) -> int:
    from fieldapp.people import accounts
    from fieldapp.people.account import Account

    _prepare()
    account = Account.get_or_none(Account.username == arguments.username)
    if account is None:
        print(f"nobody signs in as {arguments.username}", file=sys.stderr)
        return 1
    grids = _grids(account.community, arguments.grid)
    if grids is None:
        return 1
    accounts.reassign(account, grids)
    print(f"{arguments.username} works in: {', '.join(arguments.grid) or 'no grid'}")
    return 0


def _grids(community: str, names: list[str]) -> list[str] | None:
    """The ids of a community's grids by name; none, said in words, where one is not known."""
    from fieldapp.places.record import Grid

    known = {one.name: one.id for one in Grid.select().where(Grid.community == community)}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no grid named {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return None
    return [known[name] for name in names]


def _migrate(arguments: argparse.Namespace) -> int:
    from fieldapp.db import default_database, upgrade
    from fieldapp.features import declare_all

    declare_all()
    done = upgrade(default_database())
    print("\n".join(f"added {one}" for one in done) or "up to date")
    return 0


def _backup(arguments: argparse.Namespace) -> int:
    from fieldapp.backup import BackupError, backup
    from fieldapp.db import default_database
    from fieldapp.housekeeping import tidy

    _prepare()
    try:
        backup(arguments.file)
    except BackupError as problem:
        print(problem, file=sys.stderr)
        return 1
    tidy(default_database(), config.now())
    print(f"{arguments.file}: {arguments.file.stat().st_size} bytes")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from fieldapp.backup import BackupError, restore

    try:
        restore(arguments.file)
    except BackupError as problem:
        print(problem, file=sys.stderr)
        return 1
    print("restored; phones send again what this copy lacks")
    return 0


def _move(arguments: argparse.Namespace) -> int:
    from fieldapp.backup import BackupError, move

    _prepare()
    try:
        move(arguments.url)
    except BackupError as problem:
        print(problem, file=sys.stderr)
        return 1
    print("copied; set DATABASE_URL to the new database and start the server")
    return 0


def _rescue(arguments: argparse.Namespace) -> int:
    from fieldapp.rescue.command import run_rescue

    _prepare()
    return run_rescue(arguments.file, arguments.phone_lost)


def _verify_letter(arguments: argparse.Namespace) -> int:
    from fieldapp.letters.command import run_verify

    _prepare()
    return run_verify(arguments.id)


def _doctor(arguments: argparse.Namespace) -> int:
    from fieldapp.doctor import examine

    findings = examine()
    for ok, words in findings:
        print(("ok    " if ok else "WRONG ") + words)
    return 0 if all(ok for ok, _ in findings) else 1


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
