-- What certificates have signed. The same table stands in ../postgres.

-- +goose Up

-- One row for each certificate, job and template, kept with every chunk of a run, so
-- that nobody has to go through all artefacts to know. signed counts the passes, one
-- that was signed again as another. What was signed once stays here, though another
-- certificate may have signed it since.
CREATE TABLE certificate_uses (
    certificate_id   TEXT    NOT NULL REFERENCES certificates (id),
    job              TEXT    NOT NULL,
    template_version BLOB    NOT NULL REFERENCES templates (version),
    signed           INTEGER NOT NULL CHECK (signed > 0),
    PRIMARY KEY (certificate_id, job, template_version)
) WITHOUT ROWID;

INSERT INTO certificate_uses (certificate_id, job, template_version, signed)
SELECT a.certificate_id, p.job, p.template_version, COUNT(*)
FROM artefacts a
JOIN passes p ON p.id = a.pass_id
WHERE a.certificate_id IS NOT NULL
GROUP BY a.certificate_id, p.job, p.template_version;
