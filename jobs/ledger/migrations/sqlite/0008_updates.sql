-- What phones have, and how they hear that it changed. The same tables stand in
-- ../postgres; the manner is that of 0001.

-- +goose Up

-- The keys from which tokens of passes, links and keyed hashes are derived. They are
-- never here but sealed, like private keys.
CREATE TABLE master_keys (
    version        INTEGER NOT NULL PRIMARY KEY CHECK (version > 0),
    sealed         BLOB    NOT NULL,
    sealed_by      TEXT    NOT NULL,
    sealed_version INTEGER NOT NULL CHECK (sealed_version > 0),
    created        INTEGER NOT NULL
);

-- What each job was run with last: enough to press its passes again without a file
-- of the user's. dir is as in jobs.
CREATE TABLE recipes (
    job        TEXT NOT NULL PRIMARY KEY,
    definition TEXT NOT NULL,
    dir        TEXT NOT NULL
) WITHOUT ROWID;

-- A standing is somebody's word about a pass, besides its row: cause tells a
-- person's from that of a row that vanished. ends is when an expired pass ends, or
-- has ended.
ALTER TABLE passes ADD COLUMN standing TEXT NOT NULL DEFAULT 'valid' CHECK (standing IN ('valid', 'voided', 'expired'));
ALTER TABLE passes ADD COLUMN standing_cause TEXT NOT NULL DEFAULT '' CHECK (standing_cause IN ('', 'person', 'missing'));
ALTER TABLE passes ADD COLUMN standing_ends INTEGER NOT NULL DEFAULT 0;

-- A device sends back the tag that it was told last. After a restore numbers are
-- given out again: the epoch, made anew then, keeps the two apart.
ALTER TABLE change_counter ADD COLUMN epoch TEXT NOT NULL DEFAULT '';
UPDATE change_counter SET epoch = lower(hex(randomblob(4)));

-- library is the SHA-256 sum of the device library identifier, which opens the list
-- of a device's passes and so is nowhere in the clear.
CREATE TABLE devices (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    library BLOB    NOT NULL UNIQUE CHECK (LENGTH(library) = 32),
    created INTEGER NOT NULL,
    seen    INTEGER NOT NULL
);

-- What a device is to hear of the passes of a type, and the pushes that tell it so:
-- one for all of them. wanted is the newest change number among its passes that it
-- has to hear of; told the newest that its calls for a list were answered with;
-- pushed the one that was pushed last, tries how often, and answer what came back,
-- '' if all is well. due is when to push next, 0 for not at all. A push token that
-- Apple gave up is ''.
CREATE TABLE subscriptions (
    device_id  INTEGER NOT NULL REFERENCES devices (id),
    type_id    TEXT    NOT NULL,
    push_token TEXT    NOT NULL,
    token_at   INTEGER NOT NULL,
    wanted     INTEGER NOT NULL DEFAULT 0,
    told       INTEGER NOT NULL DEFAULT 0,
    pushed     INTEGER NOT NULL DEFAULT 0,
    tries      INTEGER NOT NULL DEFAULT 0,
    due        INTEGER NOT NULL DEFAULT 0,
    answer     TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (device_id, type_id)
) WITHOUT ROWID;

CREATE INDEX subscriptions_due ON subscriptions (due) WHERE due > 0;

CREATE TABLE registrations (
    pass_id   INTEGER NOT NULL REFERENCES passes (id),
    device_id INTEGER NOT NULL REFERENCES devices (id),
    created   INTEGER NOT NULL,
    PRIMARY KEY (pass_id, device_id)
) WITHOUT ROWID;

CREATE INDEX registrations_device ON registrations (device_id, pass_id);

-- What phones say, without a word of who they are but the beginning of a hash.
CREATE TABLE phone_log (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    type_id TEXT    NOT NULL,
    serial  TEXT    NOT NULL,
    device  TEXT    NOT NULL,
    text    TEXT    NOT NULL
);

CREATE INDEX phone_log_pass ON phone_log (serial, type_id, id);
