-- Mailings, their deliveries, and the addresses that get none. The same tables stand
-- in ../postgres; the manner is that of 0001.

-- +goose Up

-- A hash over the values of a row that only mails need; empty if there are none.
ALTER TABLE rows ADD COLUMN contact BLOB NOT NULL DEFAULT x'';

ALTER TABLE passes ADD COLUMN contact BLOB NOT NULL DEFAULT x'';

-- What a job intends to mail to its recipients, once each. letters is the version
-- of the templates of mails, which lie among those of passes; language names the
-- field with the recipient's; attach and links say how the pass comes; confirmed is the number that a person has typed.
-- While it is being prepared, its deliveries are written down; then it is open.
CREATE TABLE mailings (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    job       TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    letters   BLOB    NOT NULL REFERENCES templates (version),
    language  TEXT    NOT NULL,
    attach    BOOLEAN NOT NULL CHECK (attach IN (0, 1)),
    links     BOOLEAN NOT NULL CHECK (links IN (0, 1)),
    confirmed INTEGER NOT NULL,
    state     TEXT    NOT NULL CHECK (state IN ('preparing', 'open', 'paused')),
    created   INTEGER NOT NULL,
    UNIQUE (job, name)
);

-- One mail to one recipient about one pass. id stands in its Message-ID. It is in
-- doubt from right before its end is written until the server's answer is recorded.
-- address is a keyed hash of the folded recipient, as in suppressions. first is when
-- it was tried first, 0 if it never was; next when it is due.
CREATE TABLE deliveries (
    id         TEXT    NOT NULL PRIMARY KEY,
    mailing_id INTEGER NOT NULL REFERENCES mailings (id),
    pass_id    INTEGER NOT NULL REFERENCES passes (id),
    recipient  TEXT    NOT NULL CHECK (recipient <> ''),
    domain     TEXT    NOT NULL,
    address    BLOB    NOT NULL CHECK (LENGTH(address) = 32),
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'trying', 'in_doubt', 'sent', 'refused', 'bounced', 'suppressed', 'given_up')),
    code       INTEGER NOT NULL DEFAULT 0,
    answer     TEXT    NOT NULL DEFAULT '',
    tries      INTEGER NOT NULL DEFAULT 0,
    first      INTEGER NOT NULL DEFAULT 0,
    next       INTEGER NOT NULL,
    changed    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE UNIQUE INDEX deliveries_once ON deliveries (pass_id, mailing_id, LOWER(recipient));

CREATE INDEX deliveries_due ON deliveries (mailing_id, next, id) WHERE state = 'waiting';

CREATE INDEX deliveries_state ON deliveries (mailing_id, state, id);

CREATE INDEX deliveries_address ON deliveries (address);

-- The addresses that get no mails, as keyed hashes: the list tells nobody who is on
-- it, and goes on to work when everything else about a person is erased.
CREATE TABLE suppressions (
    address BLOB    NOT NULL PRIMARY KEY CHECK (LENGTH(address) = 32),
    reason  TEXT    NOT NULL CHECK (reason IN ('person', 'imported', 'unsubscribed', 'bounced')),
    created INTEGER NOT NULL
) WITHOUT ROWID;
