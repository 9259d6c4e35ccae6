-- Schedules of jobs, and what the operator is told of runs. The same tables stand in
-- ../postgres; the manner is that of 0001.

-- +goose Up

-- Since when a job has the schedule that it has. Whoever enters slots of the job
-- holds the row until the end of its transaction.
CREATE TABLE schedules (
    job     TEXT    NOT NULL PRIMARY KEY,
    content TEXT    NOT NULL,
    since   INTEGER NOT NULL
) WITHOUT ROWID;

-- A slot is a time at which a job is to run: local is what the clock shows in the
-- schedule's zone, and the zone; or says who wished for it. passed is how many slots
-- before it were missed. fence rises with each process that takes the slot, beat with
-- each sign of life that it gives; tries counts the processes that did not end it.
CREATE TABLE slots (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    job      TEXT    NOT NULL,
    local    TEXT    NOT NULL CHECK (local <> ''),
    instant  INTEGER NOT NULL,
    asked_by TEXT    NOT NULL,
    state    TEXT    NOT NULL CHECK (state IN ('due', 'running', 'done', 'partly', 'failed', 'skipped', 'missed')),
    reason   TEXT    NOT NULL,
    passed   INTEGER NOT NULL CHECK (passed >= 0),
    fence    INTEGER NOT NULL DEFAULT 0,
    beat     INTEGER NOT NULL DEFAULT 0,
    holder   TEXT    NOT NULL DEFAULT '',
    tries    INTEGER NOT NULL DEFAULT 0,
    run_id   INTEGER REFERENCES runs (id),
    started  INTEGER,
    finished INTEGER,
    UNIQUE (job, local)
);

CREATE UNIQUE INDEX slots_open ON slots (job) WHERE state IN ('due', 'running');

CREATE INDEX slots_instant ON slots (job, instant);

CREATE INDEX slots_run ON slots (run_id);

-- started_by says who or what began a run; failure says why it did not come to its
-- end, and is empty once it did. heard counts the subscriptions of devices that hear
-- of its changes, each once: those that no change after change_before concerned yet.
ALTER TABLE runs ADD COLUMN started_by TEXT NOT NULL DEFAULT '';

ALTER TABLE runs ADD COLUMN failure TEXT NOT NULL DEFAULT '';

ALTER TABLE runs ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;

ALTER TABLE runs ADD COLUMN change_before INTEGER NOT NULL DEFAULT 0;

-- What the operator is told: body is JSON. run_id is 0 if there was no run.
CREATE TABLE notices (
    id      TEXT    NOT NULL PRIMARY KEY,
    kind    TEXT    NOT NULL CHECK (kind <> ''),
    job     TEXT    NOT NULL,
    run_id  INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    created INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX notices_run ON notices (run_id);

-- One sending for each notice and recipient: a mail address, or 'webhook'. Who sends
-- it has the claim, a number that rises. A mail is in doubt from right before its end
-- is written until the server's answer is recorded.
CREATE TABLE notice_sendings (
    notice_id TEXT    NOT NULL REFERENCES notices (id),
    recipient TEXT    NOT NULL CHECK (recipient <> ''),
    state     TEXT    NOT NULL CHECK (state IN ('waiting', 'trying', 'in_doubt', 'sent', 'refused', 'given_up')),
    doubts    INTEGER NOT NULL DEFAULT 0,
    tries     INTEGER NOT NULL DEFAULT 0,
    claim     INTEGER NOT NULL DEFAULT 0,
    due       INTEGER NOT NULL,
    answer    TEXT    NOT NULL DEFAULT '',
    changed   INTEGER NOT NULL,
    PRIMARY KEY (notice_id, recipient)
) WITHOUT ROWID;

CREATE INDEX notice_sendings_open ON notice_sendings (due) WHERE state IN ('waiting', 'trying', 'in_doubt');
