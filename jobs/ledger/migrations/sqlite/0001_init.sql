-- The same tables stand in ../postgres. Times are unix milliseconds UTC,
-- hashes are raw bytes, and an empty text means "none". In a key, the column that
-- tells rows apart comes first: a planner without statistics must not think of
-- going through all passes of a type, or all files of a sink.

-- +goose Up

-- A run is closed in two steps: state says so first, finished only when its
-- waiting rows are gone. A closed run without a time is tidied by the next one.
CREATE TABLE runs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    job           TEXT    NOT NULL,
    source_hash   BLOB    NOT NULL CHECK (LENGTH(source_hash) = 16),
    template_hash BLOB    NOT NULL CHECK (LENGTH(template_hash) = 16),
    sink          TEXT    NOT NULL,
    settings_hash BLOB    NOT NULL CHECK (LENGTH(settings_hash) = 16),
    state         TEXT    NOT NULL CHECK (state IN ('importing', 'pressing', 'done', 'stopped', 'superseded')),
    total         INTEGER NOT NULL DEFAULT 0 CHECK (total >= 0),
    made          INTEGER NOT NULL DEFAULT 0 CHECK (made >= 0),
    unchanged     INTEGER NOT NULL DEFAULT 0 CHECK (unchanged >= 0),
    refused       INTEGER NOT NULL DEFAULT 0 CHECK (refused >= 0),
    started       INTEGER NOT NULL,
    finished      INTEGER,
    host          TEXT    NOT NULL,
    pid           INTEGER NOT NULL
);

CREATE INDEX runs_job ON runs (job, id);

CREATE UNIQUE INDEX runs_open ON runs (job) WHERE state IN ('importing', 'pressing');

-- What an import wrote in one transaction. The primary key is what makes it
-- safe to write a batch again. seen holds the ids of the passes whose rows are
-- unchanged, without those that were withdrawn since; unchanged is their number.
CREATE TABLE batches (
    run_id    INTEGER NOT NULL REFERENCES runs (id),
    number    INTEGER NOT NULL CHECK (number > 0),
    staged    INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    refused   INTEGER NOT NULL,
    seen      BLOB    NOT NULL,
    PRIMARY KEY (run_id, number)
) WITHOUT ROWID;

-- The versions of rows: what a pass was, or is to be, made of. pass_id is set
-- when the row is made; it has no foreign key since passes refer to rows.
CREATE TABLE rows (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    number      INTEGER NOT NULL,
    serial      TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL CHECK (LENGTH(fingerprint) = 16),
    data        BLOB    NOT NULL,
    name        TEXT    NOT NULL,
    bundle      TEXT    NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'made', 'failed')),
    pass_id     INTEGER,
    UNIQUE (run_id, serial),
    UNIQUE (run_id, number),
    CHECK ((state = 'made') = (pass_id IS NOT NULL))
);

CREATE INDEX rows_waiting ON rows (run_id, id) WHERE state = 'waiting';

-- Problems never hold the value of a cell. Those that are found while pressing
-- stand in a batch of their own, at the id of the row.
CREATE TABLE problems (
    run_id       INTEGER NOT NULL REFERENCES runs (id),
    batch        INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    file         TEXT    NOT NULL,
    sheet        TEXT    NOT NULL,
    sheet_row    INTEGER NOT NULL,
    sheet_column TEXT    NOT NULL,
    field        TEXT    NOT NULL,
    serial       TEXT    NOT NULL,
    code         TEXT    NOT NULL,
    severity     TEXT    NOT NULL,
    message      TEXT    NOT NULL,
    fix          TEXT    NOT NULL,
    PRIMARY KEY (run_id, batch, position)
) WITHOUT ROWID;

CREATE TABLE templates (
    version BLOB    NOT NULL PRIMARY KEY CHECK (LENGTH(version) = 16),
    name    TEXT    NOT NULL,
    created INTEGER NOT NULL
);

CREATE TABLE template_files (
    version BLOB NOT NULL REFERENCES templates (version),
    path    TEXT NOT NULL,
    data    BLOB NOT NULL,
    PRIMARY KEY (version, path)
);

CREATE TABLE certificates (
    id         TEXT    NOT NULL PRIMARY KEY,
    type_id    TEXT    NOT NULL,
    team_id    TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    nfc        BOOLEAN NOT NULL CHECK (nfc IN (0, 1)),
    not_before INTEGER NOT NULL,
    not_after  INTEGER NOT NULL,
    der        BLOB    NOT NULL
);

-- modified rises by whole seconds with each change of a pass, since that is
-- all that an HTTP date can tell.
CREATE TABLE passes (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    type_id           TEXT    NOT NULL,
    serial            TEXT    NOT NULL,
    job               TEXT    NOT NULL,
    row_id            INTEGER NOT NULL REFERENCES rows (id),
    template_version  BLOB    NOT NULL REFERENCES templates (version),
    token_key_version INTEGER NOT NULL DEFAULT 0,
    fingerprint       BLOB    NOT NULL CHECK (LENGTH(fingerprint) = 16),
    bundle            TEXT    NOT NULL,
    change_number     INTEGER NOT NULL UNIQUE,
    modified          INTEGER NOT NULL,
    created           INTEGER NOT NULL,
    UNIQUE (serial, type_id)
);

CREATE INDEX passes_row ON passes (row_id);

CREATE INDEX passes_bundle ON passes (job, bundle, serial) WHERE bundle <> '';

-- The last change number that was given out. Whoever takes one holds the row
-- until the end of its transaction, so that numbers rise in the order of commits.
CREATE TABLE change_counter (
    id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    value INTEGER NOT NULL
);

INSERT INTO change_counter (id, value) VALUES (1, 0);

-- The pressed files, and the certificates that signed them. name is NULL once
-- another pass was written under it. change_number is the pass's at the time; 0
-- means in doubt: a run that was given up may have written another file there.
CREATE TABLE artefacts (
    pass_id        INTEGER NOT NULL REFERENCES passes (id),
    sink           TEXT    NOT NULL,
    name           TEXT,
    change_number  INTEGER NOT NULL,
    size           INTEGER NOT NULL,
    manifest_hash  BLOB    NOT NULL CHECK (LENGTH(manifest_hash) = 32),
    certificate_id TEXT    REFERENCES certificates (id),
    pressed_at     INTEGER NOT NULL,
    PRIMARY KEY (pass_id, sink),
    UNIQUE (name, sink)
) WITHOUT ROWID;

-- Files that are to be removed from a sink: written down before it is done.
CREATE TABLE leftovers (
    sink TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (name, sink)
) WITHOUT ROWID;

CREATE TABLE bundles (
    job   TEXT NOT NULL,
    sink  TEXT NOT NULL,
    key   TEXT NOT NULL CHECK (key <> ''),
    state TEXT NOT NULL CHECK (state IN ('dirty', 'made')),
    PRIMARY KEY (job, sink, key)
) WITHOUT ROWID;

CREATE INDEX bundles_dirty ON bundles (job, sink, key) WHERE state = 'dirty';

CREATE TABLE bundle_parts (
    sink TEXT NOT NULL,
    name TEXT NOT NULL,
    job  TEXT NOT NULL,
    key  TEXT NOT NULL,
    PRIMARY KEY (name, sink),
    FOREIGN KEY (job, sink, key) REFERENCES bundles (job, sink, key)
) WITHOUT ROWID;

CREATE INDEX bundle_parts_bundle ON bundle_parts (job, sink, key);
