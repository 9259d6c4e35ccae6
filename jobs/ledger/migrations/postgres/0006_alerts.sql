-- The mails of warnings that a certificate expires. The same table stands in
-- ../sqlite.

-- +goose Up

-- One mail for each warning and recipient. It is in doubt from right before its end
-- is written until the server's answer is recorded; doubts counts how often it
-- became so and stayed so.
CREATE TABLE alert_mails (
    certificate_id TEXT    NOT NULL,
    step           INTEGER NOT NULL,
    entry_id       TEXT    NOT NULL,
    recipient      TEXT    NOT NULL CHECK (recipient <> ''),
    state          TEXT    NOT NULL CHECK (state IN ('trying', 'waiting', 'in_doubt', 'sent', 'refused')),
    doubts         INTEGER NOT NULL CHECK (doubts >= 0),
    changed        BIGINT  NOT NULL,
    PRIMARY KEY (certificate_id, step, entry_id, recipient),
    FOREIGN KEY (certificate_id, step, entry_id) REFERENCES certificate_alerts (certificate_id, step, entry_id) ON DELETE CASCADE
);
