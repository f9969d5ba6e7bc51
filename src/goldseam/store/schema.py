"""The tables, as numbered migrations: the schema's version is how many of them a database has seen.

Append; never change one that was released. SQLite's begin with the first release; PostgreSQL's with the tables as they
were at version 5. A change is written in both lists, and a test compares what comes out, column by column.
"""

from __future__ import annotations

import re
from typing import Final

_FIRST: Final = """
CREATE TABLE document (hash TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE scan (id TEXT PRIMARY KEY, account TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, counts TEXT);

CREATE TABLE resource (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, address TEXT NOT NULL,
    ref TEXT NOT NULL, hash TEXT NOT NULL REFERENCES document (hash), scan TEXT NOT NULL, facts TEXT NOT NULL
);
CREATE INDEX resource_address ON resource (address);
CREATE INDEX resource_place ON resource (account, region, kind);

CREATE TABLE history (
    key TEXT NOT NULL, at TEXT NOT NULL, scan TEXT NOT NULL, hash TEXT NOT NULL REFERENCES document (hash)
);
CREATE INDEX history_key ON history (key);

CREATE TABLE finding (
    id TEXT PRIMARY KEY, resource TEXT NOT NULL REFERENCES resource (key) ON DELETE CASCADE,
    control TEXT NOT NULL, status TEXT NOT NULL, scan TEXT NOT NULL, since TEXT NOT NULL, body TEXT NOT NULL,
    decision TEXT
);
CREATE INDEX finding_resource ON finding (resource);
CREATE INDEX finding_status ON finding (status, control);

CREATE TABLE gap (account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, scan TEXT NOT NULL,
    reason TEXT NOT NULL, PRIMARY KEY (account, region, kind)) WITHOUT ROWID;

CREATE TABLE plan (id TEXT PRIMARY KEY, address TEXT NOT NULL, purpose TEXT NOT NULL, made TEXT NOT NULL,
    body TEXT NOT NULL, decisions TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE ledger (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, plan TEXT, body TEXT NOT NULL,
    previous TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX ledger_kind ON ledger (kind, seq);
CREATE INDEX ledger_plan ON ledger (plan, seq) WHERE plan IS NOT NULL;
CREATE UNIQUE INDEX ledger_claim ON ledger (plan) WHERE kind = 'repair';
CREATE TRIGGER ledger_next BEFORE INSERT ON ledger
    WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM ledger)
    BEGIN SELECT RAISE (ABORT, 'the ledger is only appended to'); END;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE (ABORT, 'the ledger is only appended to'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
    BEGIN SELECT RAISE (ABORT, 'the ledger is only appended to'); END;
"""

_EPOCHS: Final = """
DROP INDEX ledger_claim;
CREATE UNIQUE INDEX ledger_claim ON ledger (plan, coalesce(json_extract(body, '$.epoch'), 1))
    WHERE kind IN ('repair', 'takeover');
CREATE TRIGGER ledger_one_claim BEFORE INSERT ON ledger
    WHEN NEW.kind = 'repair' AND 'release' <> (
        SELECT kind FROM ledger WHERE plan = NEW.plan AND kind IN ('repair', 'takeover', 'release')
        ORDER BY seq DESC LIMIT 1)
    BEGIN SELECT RAISE (ABORT, 'a claim of the plan stands'); END;
CREATE TRIGGER ledger_epoch BEFORE INSERT ON ledger
    WHEN NEW.kind IN ('intent', 'release') AND EXISTS (
        SELECT 1 FROM ledger WHERE plan = NEW.plan AND kind IN ('repair', 'takeover')
        AND coalesce(json_extract(body, '$.epoch'), 1) > coalesce(json_extract(NEW.body, '$.epoch'), 1))
    BEGIN SELECT RAISE (ABORT, 'the plan has a newer epoch'); END;
"""
"""One plan cannot have two standing claims, nor an intent under an old epoch; rows without one are of epoch 1."""

_HOME_FORMAT: Final = """
CREATE TABLE home (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO home (name, value)
    SELECT name, CASE WHEN EXISTS (SELECT 1 FROM ledger) OR EXISTS (SELECT 1 FROM plan) OR EXISTS (SELECT 1 FROM scan)
        THEN 1 ELSE 2 END
    FROM (SELECT 'format' AS name UNION ALL SELECT 'first_format');
"""
"""The format of what the tables hold, now and when the home was made; a home with content from before has format 1."""

_SEALS: Final = """
CREATE TABLE seal (scan TEXT NOT NULL, started TEXT NOT NULL, body BLOB NOT NULL, signature TEXT NOT NULL);
"""
"""What each shard of a scan found, signed, and kept for an hour."""

_CLOUDS: Final = """
CREATE TABLE scan_5 (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, cloud TEXT NOT NULL, account TEXT NOT NULL,
    started TEXT NOT NULL, ended TEXT, counts TEXT);
INSERT INTO scan_5 (id, cloud, account, started, ended, counts)
    SELECT id, coalesce((SELECT substr(kind, 1, instr(kind, '.') - 1) FROM resource
        WHERE resource.account = scan.account LIMIT 1), ''), account, started, ended, counts FROM scan ORDER BY rowid;
DROP TABLE scan;
ALTER TABLE scan_5 RENAME TO scan;

CREATE TABLE history_5 (number INTEGER PRIMARY KEY, key TEXT NOT NULL, at TEXT NOT NULL, scan TEXT NOT NULL,
    hash TEXT NOT NULL REFERENCES document (hash));
INSERT INTO history_5 (key, at, scan, hash) SELECT key, at, scan, hash FROM history ORDER BY rowid;
DROP TABLE history;
ALTER TABLE history_5 RENAME TO history;
CREATE INDEX history_key ON history (key, number);
CREATE INDEX history_hash ON history (hash);

CREATE TABLE gap_5 (cloud TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL,
    scan TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (cloud, account, region, kind)) WITHOUT ROWID;
INSERT INTO gap_5 (cloud, account, region, kind, scan, reason)
    SELECT substr(kind, 1, instr(kind, '.') - 1), account, region, kind, scan, reason FROM gap;
DROP TABLE gap;
ALTER TABLE gap_5 RENAME TO gap;

ALTER TABLE resource ADD COLUMN cloud TEXT NOT NULL DEFAULT '';
UPDATE resource SET cloud = substr(kind, 1, instr(kind, '.') - 1);
DROP INDEX resource_place;
CREATE INDEX resource_place ON resource (cloud, account, region, kind);
CREATE INDEX resource_hash ON resource (hash);

ALTER TABLE plan ADD COLUMN cloud TEXT NOT NULL DEFAULT '';
ALTER TABLE plan ADD COLUMN account TEXT NOT NULL DEFAULT '';
UPDATE plan SET
    account = coalesce(json_extract(body, '$.ref.account'), ''),
    cloud = coalesce(substr(json_extract(body, '$.ref.kind'), 1, instr(json_extract(body, '$.ref.kind'), '.') - 1), '')
    WHERE json_valid(body);
CREATE INDEX plan_place ON plan (cloud, account);

CREATE INDEX ledger_at ON ledger (kind, at);

CREATE TABLE projection (name TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE planned (plan TEXT NOT NULL PRIMARY KEY, purpose TEXT NOT NULL, controls TEXT NOT NULL,
    findings TEXT NOT NULL, rejections INTEGER NOT NULL, claimed INTEGER NOT NULL, verified INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE tally (sort TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (sort, name)) WITHOUT ROWID;
"""
"""Cloud and account beside what is kept; scans and history numbered; what the ledger comes to."""

MIGRATIONS: Final = (_FIRST, _EPOCHS, _HOME_FORMAT, _SEALS, _CLOUDS)
"""SQLite's."""

SQLITE_GUARDS: Final = {
    words[2]: f"CREATE TRIGGER {statement.strip()}"
    for statement in re.findall(r"CREATE TRIGGER(.*?END);", _FIRST + _EPOCHS, re.DOTALL)
    if (words := f"CREATE TRIGGER {statement}".split())
}
"""The ledger's triggers by name."""

_POSTGRES_FIRST: Final = """
CREATE TABLE schema_version (version INTEGER NOT NULL);

CREATE TABLE document (hash TEXT PRIMARY KEY, body BYTEA NOT NULL);

CREATE TABLE scan (number BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    cloud TEXT NOT NULL, account TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, counts TEXT);

CREATE TABLE resource (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, address TEXT NOT NULL,
    ref TEXT NOT NULL, hash TEXT NOT NULL REFERENCES document (hash), scan TEXT NOT NULL, facts TEXT NOT NULL,
    cloud TEXT NOT NULL DEFAULT ''
);
CREATE INDEX resource_address ON resource (address);
CREATE INDEX resource_place ON resource (cloud, account, region, kind);
CREATE INDEX resource_hash ON resource (hash);

CREATE TABLE history (number BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, key TEXT NOT NULL, at TEXT NOT NULL,
    scan TEXT NOT NULL, hash TEXT NOT NULL REFERENCES document (hash));
CREATE INDEX history_key ON history (key, number);
CREATE INDEX history_hash ON history (hash);

CREATE TABLE finding (
    id TEXT PRIMARY KEY, resource TEXT NOT NULL REFERENCES resource (key) ON DELETE CASCADE,
    control TEXT NOT NULL, status TEXT NOT NULL, scan TEXT NOT NULL, since TEXT NOT NULL, body TEXT NOT NULL,
    decision TEXT
);
CREATE INDEX finding_resource ON finding (resource);
CREATE INDEX finding_status ON finding (status, control);

CREATE TABLE gap (cloud TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL,
    scan TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (cloud, account, region, kind));

CREATE TABLE plan (id TEXT PRIMARY KEY, address TEXT NOT NULL, purpose TEXT NOT NULL, made TEXT NOT NULL,
    body TEXT NOT NULL, decisions TEXT NOT NULL, cloud TEXT NOT NULL DEFAULT '', account TEXT NOT NULL DEFAULT '');
CREATE INDEX plan_place ON plan (cloud, account);

CREATE TABLE ledger (seq BIGINT PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, plan TEXT, body TEXT NOT NULL,
    previous TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX ledger_kind ON ledger (kind, seq);
CREATE INDEX ledger_plan ON ledger (plan, seq) WHERE plan IS NOT NULL;
CREATE INDEX ledger_at ON ledger (kind, at);

CREATE TABLE projection (name TEXT PRIMARY KEY, seq BIGINT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE planned (plan TEXT PRIMARY KEY, purpose TEXT NOT NULL, controls TEXT NOT NULL,
    findings TEXT NOT NULL, rejections BIGINT NOT NULL, claimed BIGINT NOT NULL, verified BIGINT NOT NULL);
CREATE TABLE tally (sort TEXT NOT NULL, name TEXT NOT NULL, count BIGINT NOT NULL, PRIMARY KEY (sort, name));

CREATE TABLE home (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO home (name, value) VALUES ('format', 2), ('first_format', 2);

CREATE TABLE seal (scan TEXT NOT NULL, started TEXT NOT NULL, body BYTEA NOT NULL, signature TEXT NOT NULL);

CREATE FUNCTION ledger_epoch(body text) RETURNS BIGINT LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN coalesce((body::json ->> 'epoch')::bigint, 1);
EXCEPTION WHEN others THEN
    RETURN 1;
END $$;
CREATE UNIQUE INDEX ledger_claim ON ledger (plan, ledger_epoch(body)) WHERE kind IN ('repair', 'takeover');
"""

POSTGRES_MIGRATIONS: Final = (re.sub(r"\bTEXT(?=[ ,)])", 'TEXT COLLATE "C"', _POSTGRES_FIRST),)
"""PostgreSQL's. Text compares by bytes, as in SQLite."""

POSTGRES_RULES: Final = """
CREATE OR REPLACE FUNCTION ledger_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is only appended to';
END $$;

CREATE OR REPLACE FUNCTION ledger_checked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM ledger) THEN
        RAISE EXCEPTION 'the ledger is only appended to';
    END IF;
    IF NEW.kind = 'repair' AND 'release' <> (
        SELECT kind FROM ledger WHERE plan = NEW.plan AND kind IN ('repair', 'takeover', 'release')
        ORDER BY seq DESC LIMIT 1) THEN
        RAISE EXCEPTION 'a claim of the plan stands';
    END IF;
    IF NEW.kind IN ('intent', 'release') AND EXISTS (
        SELECT 1 FROM ledger WHERE plan = NEW.plan AND kind IN ('repair', 'takeover')
        AND ledger_epoch(body) > ledger_epoch(NEW.body)) THEN
        RAISE EXCEPTION 'the plan has a newer epoch';
    END IF;
    RETURN NEW;
END $$;
"""
"""What the ledger's triggers do: the same as SQLite's."""

POSTGRES_GUARDS: Final = {
    "ledger_insert": "CREATE TRIGGER ledger_insert BEFORE INSERT ON ledger"
    " FOR EACH ROW EXECUTE FUNCTION ledger_checked()",
    "ledger_no_change": "CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE ON ledger"
    " FOR EACH ROW EXECUTE FUNCTION ledger_refused()",
    "ledger_no_truncate": "CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refused()",
}
"""The ledger's triggers by name."""
