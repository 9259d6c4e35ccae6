-- The same tables stand in ../sqlite; the manner is that of 0001.

-- +goose Up

-- Who is at a delivery that is tried or has just come in doubt, '' for nobody: a random
-- text of each handle. A process whose lock of the mailing was lost finds somebody
-- else's, or nobody's, before it writes the end of a mail.
ALTER TABLE deliveries ADD COLUMN holder TEXT NOT NULL DEFAULT '';
