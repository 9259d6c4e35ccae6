-- The four classic tables of passmill, for PostgreSQL.

-- The kinds of passes. Of the rows of one pass type, the newest whose
-- active_from has come is in force.
CREATE TABLE IF NOT EXISTS pass_foundation (
    pass_type_identifier   TEXT        NOT NULL CHECK (pass_type_identifier LIKE 'pass.%'),
    active_from            TIMESTAMPTZ NOT NULL,
    stationery_folder_path TEXT        NOT NULL CHECK (stationery_folder_path <> ''),
    output_name            TEXT        NOT NULL DEFAULT 'pass' CHECK (output_name <> ''),
    PRIMARY KEY (pass_type_identifier, active_from)
);

-- One row for each pass. Whoever changes a pass, or its fields or dictionaries,
-- sets updated to the time of the change. made_for is passmill's own: the value
-- of updated that the completed pass was made for.
CREATE TABLE IF NOT EXISTS pass_job (
    pass_type_identifier TEXT             NOT NULL CHECK (pass_type_identifier LIKE 'pass.%'),
    serial_number        TEXT COLLATE "C" NOT NULL CHECK (serial_number <> '' AND OCTET_LENGTH(serial_number) <= 500),
    completed            BOOLEAN          NOT NULL DEFAULT FALSE,
    created              TIMESTAMPTZ      NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated              TIMESTAMPTZ      NOT NULL DEFAULT CURRENT_TIMESTAMP,
    made_for             TIMESTAMPTZ,
    PRIMARY KEY (pass_type_identifier, serial_number)
);

CREATE INDEX IF NOT EXISTS pass_job_open ON pass_job (pass_type_identifier, serial_number)
    WHERE NOT completed OR made_for <> updated;

-- The values of the pass's fields.
CREATE TABLE IF NOT EXISTS pass_job_field (
    pass_type_identifier TEXT             NOT NULL,
    serial_number        TEXT COLLATE "C" NOT NULL,
    name                 TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    value                TEXT,
    PRIMARY KEY (pass_type_identifier, serial_number, name),
    FOREIGN KEY (pass_type_identifier, serial_number)
        REFERENCES pass_job (pass_type_identifier, serial_number) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX IF NOT EXISTS pass_job_field_name ON pass_job_field (pass_type_identifier, name);

-- The dictionaries of the pass's sections: headerFields, primaryFields,
-- secondaryFields, auxiliaryFields, backFields, additionalInfoFields. attributes
-- is a JSON object with what else Apple allows: {"textAlignment": "…"}.
CREATE TABLE IF NOT EXISTS pass_job_dictionary (
    pass_type_identifier TEXT             NOT NULL,
    serial_number        TEXT COLLATE "C" NOT NULL,
    section              TEXT COLLATE "C" NOT NULL CHECK (section <> ''),
    position             INTEGER          NOT NULL CHECK (position >= 0),
    key                  TEXT             NOT NULL CHECK (key <> ''),
    label                TEXT,
    value                TEXT,
    change_message       TEXT,
    attributes           JSONB CHECK (JSONB_TYPEOF(attributes) = 'object'),
    PRIMARY KEY (pass_type_identifier, serial_number, section, position),
    FOREIGN KEY (pass_type_identifier, serial_number)
        REFERENCES pass_job (pass_type_identifier, serial_number) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX IF NOT EXISTS pass_job_dictionary_section ON pass_job_dictionary (pass_type_identifier, section);
