"""Keys for one plan: STS credentials for at most 15 minutes, narrowed by an inline session policy.

`minted` is the only place that asks STS for a key. Three sources use it: the keyholder process, and the two here, for
an operator's own profile and for a role whose trust asks for a code that changes after every use. Key material is
handed on in a `Secret` and written nowhere.
"""

from __future__ import annotations

import copy
import hmac
import json
import logging
import re
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import unquote

from goldseam.clouds.aws.permissions import session_policy
from goldseam.clouds.protocol import RotatingRole
from goldseam.model.errors import AccessDenied, AlreadyDone, CallFailed, GoldseamError, GrantRefused, NotFound
from goldseam.model.values import Json
from goldseam.ports import Clock, Key, Secret
from goldseam.repair.plan import Plan

SECONDS: Final = 900
"""How long a key lasts: 15 minutes, which is also the least that STS gives."""

_CODE: Final = re.compile(r"[A-Za-z0-9-]{6,128}")
_CODE_BYTES: Final = 16
_NOT_IN_IDENTITY: Final = re.compile(r"[^\w+=,.@-]")
_LONGEST_IDENTITY: Final = 64
"""The characters and the length of a source identity (AWS STS API Reference, AssumeRole, `SourceIdentity`)."""
_WIRE_LOGGERS: Final = ("auth", "endpoint", "parsers", "hooks", "retryhandler", "credentials")

CodeSource: TypeAlias = Callable[[str], Secret]
"""Gives the code in force, as the part `code` of a secret, for the plan of that id; raises GrantRefused."""


class MintingSession(Protocol):
    """The AWS calls of one identity; raises CloudError."""

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Any) -> Mapping[str, Json]:
        """Make one call."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of STS: a session of a role for one plan, under a session policy and no longer than 15 minutes."""

    role: str
    plan: str
    policy: str
    source: str
    external_id: Secret | None = None
    source_identity: str = ""

    def parameters(self) -> dict[str, Json]:
        """The parameters of AssumeRole."""
        optional = {"SourceIdentity": self.source_identity} if self.source_identity else {}
        if self.external_id is not None:
            optional["ExternalId"] = self.external_id.reveal()["external_id"]
        return {
            "RoleArn": self.role,
            "RoleSessionName": f"goldseam-{self.plan}",
            "Policy": self.policy,
            "DurationSeconds": SECONDS,
            **optional,
        }


def minted(session: MintingSession, order: Order) -> Key:
    """The key that an order gives; raises GrantRefused when STS refuses it, CloudError when it does not answer."""
    _silence_wire_logs()
    try:
        answer = session.call("sts", "AssumeRole", **order.parameters())
    except (AccessDenied, NotFound, CallFailed) as error:
        msg = f"AWS gave no key for plan {order.plan} on `{order.role}` ({error.code}); check the role's trust policy"
        raise GrantRefused(msg) from error
    secret, expires = _given(answer)
    return Key(order.source, expires, secret)


def assumed(session: MintingSession, role: str, name: str) -> tuple[Secret, datetime]:
    """Credentials of a role to read with, under a session of that name, and when they end; raises CloudError."""
    _silence_wire_logs()
    parameters = {"RoleArn": role, "RoleSessionName": name, "DurationSeconds": SECONDS}
    return _given(session.call("sts", "AssumeRole", **parameters))


class SessionMinter:
    """Makes the keyholder's keys by the right of a session to assume roles."""

    def __init__(self, session: MintingSession) -> None:
        self._session = session

    def mint(self, plan: Plan, role: str, source: str, *, on_behalf_of: str = "") -> Key:
        """The key; `on_behalf_of` becomes the source identity. Raises GrantRefused, PlanRefused, CloudError."""
        identity = _NOT_IN_IDENTITY.sub("-", on_behalf_of)[:_LONGEST_IDENTITY]
        return minted(self._session, Order(role, plan.id, session_policy(plan), source, source_identity=identity))


def _given(answer: Mapping[str, Json]) -> tuple[Secret, datetime]:
    given = answer["Credentials"]
    secret = Secret(
        access_key=given["AccessKeyId"], secret_key=given["SecretAccessKey"], session_token=given["SessionToken"]
    )
    return secret, datetime.fromisoformat(given["Expiration"])


def _silence_wire_logs() -> None:
    """At level DEBUG the SDK logs what it signs, sends and receives, and that is key material here (law 9)."""
    for name in _WIRE_LOGGERS:
        logging.getLogger(f"botocore.{name}").setLevel(logging.INFO)


@dataclass
class Asked:
    """The plans that a source was asked for in this process, and what it remembers to ask nothing twice."""

    _plans: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def once(self, plan: str) -> None:
        """Pass the first time; raises AlreadyDone from then on."""
        with self._lock:
            if plan in self._plans:
                msg = f"a key for plan {plan} was given before; make the plan again"
                raise AlreadyDone(msg)
            self._plans.add(plan)

    def again(self, plan: str) -> None:
        """Forget a plan for which no key was given after all."""
        with self._lock:
            self._plans.discard(plan)


class OperatorSource:
    """The operator's own profile, narrowed by assuming the remediator role with the plan's session policy.

    `own` reveals the profile's credentials themselves. They are used only when `unscoped` is set and the role cannot
    be assumed, and only in the account that they belong to.
    """

    name = "operator"

    def __init__(
        self,
        session: MintingSession,
        roles: Mapping[str, str],
        clock: Clock,
        *,
        unscoped: bool = False,
        own: Callable[[], Secret] | None = None,
    ) -> None:
        self._session, self._roles, self._clock = session, roles, clock
        self._own = own if unscoped else None
        self._asked = Asked()

    def key_for(self, plan: Mapping[str, Json], approvals: Sequence[Mapping[str, Json]]) -> Key:
        """The key; raises GrantRefused, AlreadyDone, PlanRefused, CloudError."""
        del approvals
        wanted = Plan.from_json(plan)
        self._asked.once(wanted.id)
        try:
            return self._narrowed(wanted)
        except GrantRefused:
            if self._own is None:
                self._asked.again(wanted.id)
                raise
            return self._whole(wanted, self._own)
        except GoldseamError:
            self._asked.again(wanted.id)
            raise

    def _narrowed(self, plan: Plan) -> Key:
        role = self._roles.get(plan.ref.account)
        if role is None:
            msg = f"no remediator role is known for account `{plan.ref.account}`; name its role, or add --unscoped"
            raise GrantRefused(msg)
        try:
            return minted(self._session, Order(role, plan.id, session_policy(plan), self.name))
        except GrantRefused as error:
            msg = f"your credentials cannot be narrowed to plan {plan.id}: {error}; or add --unscoped to use them whole"
            raise GrantRefused(msg) from error

    def _whole(self, plan: Plan, own: Callable[[], Secret]) -> Key:
        """The operator's own credentials; for as long as a narrowed key would last."""
        account = self._session.call("sts", "GetCallerIdentity")["Account"]
        if account != plan.ref.account:
            msg = f"your credentials are for account `{account}`, the plan is for `{plan.ref.account}`; switch profile"
            raise GrantRefused(msg)
        return Key(self.name, self._clock.now() + timedelta(seconds=SECONDS), own(), narrowed=False)


class RotatingCodeSource:
    """A role that is assumed with a code which changes after every use; the session policy narrows this too.

    The code is asked for at the moment of use and forgotten after it. This process never presents one code twice.
    """

    name = "rotating-code"

    def __init__(self, session: MintingSession, roles: Mapping[str, RotatingRole], code: CodeSource) -> None:
        self._session, self._roles, self._code = session, roles, code
        self._asked, self._used = Asked(), Asked()
        self._salt = secrets.token_bytes(32)

    def key_for(self, plan: Mapping[str, Json], approvals: Sequence[Mapping[str, Json]]) -> Key:
        """The key; raises GrantRefused, AlreadyDone, PlanRefused, CloudError."""
        del approvals
        wanted = Plan.from_json(plan)
        role = self._roles.get(wanted.ref.account)
        if role is None:
            msg = f"no role with a rotating code is known for account `{wanted.ref.account}`; connect the account first"
            raise GrantRefused(msg)
        self._asked.once(wanted.id)
        try:
            return minted(self._session, self._order(wanted, role))
        except GoldseamError:
            self._asked.again(wanted.id)
            raise

    def _order(self, plan: Plan, role: RotatingRole) -> Order:
        policy = session_policy(plan)
        given = self._code(plan.id)
        code = given.reveal()["code"].strip()
        if not _CODE.fullmatch(code):
            msg = "that is not a code; copy the whole of it, as the last rotation showed it"
            raise GrantRefused(msg)
        self._spend(role, code)
        return Order(role.role, plan.id, policy, self.name, Secret(external_id=_external_id(role, code), code=code))

    def _spend(self, role: RotatingRole, code: str) -> None:
        """Remember, by a mark that means nothing outside this process, that the code is used."""
        mark = hmac.new(self._salt, f"{role.role} {code}".encode(), "sha256").hexdigest()
        try:
            self._used.once(mark)
        except AlreadyDone as error:
            msg = "this code was used before; rotate it on the customer's side, then give the new one"
            raise GrantRefused(msg) from error


def _external_id(role: RotatingRole, code: str) -> str:
    """What the role's trust policy asks for: `<uuid>:<code>`."""
    return f"{role.uuid}:{code}"


def typed(ask: Callable[[str], str]) -> CodeSource:
    """The code as a person types it, asked by a prompt that does not echo (`getpass.getpass`)."""

    def code(plan: str) -> Secret:
        return Secret(code=ask(f"code for plan {plan}: "))

    return code


class GuardingSession(MintingSession, Protocol):
    """A session that can open a door for exactly the calls that it is told."""

    def guarded(self, allowed: Sequence[tuple[str, Mapping[str, Json]]]) -> MintingSession:
        """The door."""


def rotated(session: GuardingSession, role: RotatingRole) -> Secret:
    """Give the role a fresh code, by the customer's own credentials; the new code is in the answer and nowhere else.

    Only the external id of the trust policy changes. Raises GrantRefused when the trust policy asks for no code of
    this role's uuid, CloudError when AWS refuses.
    """
    _silence_wire_logs()
    name = role.role.rpartition("/")[2]
    held = session.call("iam", "GetRole", RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    code = secrets.token_hex(_CODE_BYTES)
    document = _with_code(_parsed(held), role, code)
    if document is None:
        msg = f"the trust policy of `{name}` asks for no external id `{role.uuid}:…`; set the role up first"
        raise GrantRefused(msg)
    parameters = {"RoleName": name, "PolicyDocument": json.dumps(document)}
    session.guarded([("iam.UpdateAssumeRolePolicy", parameters)]).call("iam", "UpdateAssumeRolePolicy", **parameters)
    return Secret(code=code)


def _parsed(policy: Json) -> Json:
    """A trust policy as a document; IAM gives it URL-encoded, and the SDK mostly decodes that."""
    return json.loads(unquote(policy)) if isinstance(policy, str) else policy


def _with_code(policy: Json, role: RotatingRole, code: str) -> Json | None:
    """The trust policy with another code wherever it asks for one of this role; None where it never does."""
    document = copy.deepcopy(policy)
    found = False
    held = document.get("Statement", [])
    for statement in held if isinstance(held, list) else [held]:
        for wanted in statement.get("Condition", {}).values():
            for key, value in wanted.items():
                if key.lower() == "sts:externalid" and str(value).startswith(f"{role.uuid}:"):
                    wanted[key], found = _external_id(role, code), True
    return document if found else None
