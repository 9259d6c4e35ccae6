-- The registry of certificates. The same tables stand in ../postgres; the manner
-- is that of 0001. A private key is never here but sealed.

-- +goose Up

-- Which key-encryption key seals from now on. Whoever changes the registry holds
-- the row until the end of its transaction.
CREATE TABLE sealing_key (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    key_id  TEXT    NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 0)
);

INSERT INTO sealing_key (id, key_id, version) VALUES (1, '', 0);

-- An entry is what a certificate and those that renew it have in common. tenant
-- is '' for the account's own.
CREATE TABLE certificate_entries (
    id         TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL CHECK (kind IN ('pass', 'push')),
    vendor     TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    base_name  TEXT    NOT NULL CHECK (base_name <> ''),
    team_id    TEXT    NOT NULL,
    tenant     TEXT    NOT NULL,
    comment    TEXT    NOT NULL,
    contact    TEXT    NOT NULL,
    nfc        BOOLEAN NOT NULL CHECK (nfc IN (0, 1)),
    enabled    BOOLEAN NOT NULL CHECK (enabled IN (0, 1)),
    is_default BOOLEAN NOT NULL CHECK (is_default IN (0, 1)),
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    UNIQUE (base_name, team_id, tenant, kind)
);

CREATE UNIQUE INDEX certificate_entries_default ON certificate_entries (tenant, kind) WHERE is_default;

-- Private keys, each sealed under the key-encryption key that sealed_by and
-- sealed_version name. id is the hexadecimal SHA-256 sum of the public key. A key
-- without a version waits for its certificate; tenant, name and contact are then
-- what its entry will get. csr is empty if the key came with its certificate.
CREATE TABLE certificate_keys (
    id             TEXT    NOT NULL PRIMARY KEY,
    kind           TEXT    NOT NULL CHECK (kind IN ('pass', 'push')),
    base_name      TEXT    NOT NULL,
    tenant         TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    contact        TEXT    NOT NULL,
    algorithm      TEXT    NOT NULL,
    csr            BLOB    NOT NULL,
    sealed         BLOB    NOT NULL,
    sealed_by      TEXT    NOT NULL,
    sealed_version INTEGER NOT NULL CHECK (sealed_version > 0),
    created        INTEGER NOT NULL,
    created_by     TEXT    NOT NULL
);

CREATE INDEX certificate_keys_sealed ON certificate_keys (sealed_version, id);

-- The certificates of an entry: the one that signs now, and those before it.
-- not_after and not_before stand in certificates. intermediate is DER, and empty
-- if the one that passmill carries issued the certificate.
CREATE TABLE certificate_versions (
    certificate_id TEXT    NOT NULL REFERENCES certificates (id),
    entry_id       TEXT    NOT NULL REFERENCES certificate_entries (id),
    key_id         TEXT    NOT NULL REFERENCES certificate_keys (id),
    state          TEXT    NOT NULL CHECK (state IN ('active', 'superseded')),
    intermediate   BLOB    NOT NULL,
    added          INTEGER NOT NULL,
    added_by       TEXT    NOT NULL,
    PRIMARY KEY (certificate_id, entry_id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX certificate_versions_active ON certificate_versions (entry_id) WHERE state = 'active';

CREATE INDEX certificate_versions_key ON certificate_versions (key_id);

-- The warnings of an expiry: one for each certificate, step (days before) and
-- entry; entry_id is '' for certificates of Apple's own. claimed is when somebody
-- set out to send it, sent when it was done.
CREATE TABLE certificate_alerts (
    certificate_id TEXT    NOT NULL,
    step           INTEGER NOT NULL,
    entry_id       TEXT    NOT NULL,
    claimed        INTEGER NOT NULL,
    sent           INTEGER,
    PRIMARY KEY (certificate_id, step, entry_id)
) WITHOUT ROWID;

-- Who did what with which certificate. Entries, certificates and runs may go;
-- what was done with them stays, so nothing here refers to them by a key.
CREATE TABLE audit (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT    NOT NULL UNIQUE,
    at             INTEGER NOT NULL,
    actor          TEXT    NOT NULL,
    action         TEXT    NOT NULL CHECK (action <> ''),
    entry_id       TEXT    NOT NULL,
    certificate_id TEXT    NOT NULL,
    run_id         INTEGER NOT NULL,
    job            TEXT    NOT NULL,
    detail         TEXT    NOT NULL
);

CREATE INDEX audit_entry ON audit (entry_id, number);

CREATE INDEX audit_action ON audit (action, at);

-- +goose StatementBegin
CREATE TRIGGER audit_kept BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;
-- +goose StatementEnd
