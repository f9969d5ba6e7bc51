"""The tables, as a list of migrations: the schema's version is how many of them a database has seen.

Append; never change one that was released.
"""

from __future__ import annotations

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

MIGRATIONS: Final = (_FIRST, _EPOCHS, _HOME_FORMAT, _SEALS)
