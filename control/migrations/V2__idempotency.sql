-- What a request with an Idempotency-Key was answered. The same request gets the same answer and does nothing again.
CREATE TABLE idempotency (
    token_hash  bytea NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    status      integer,
    body        text,
    made_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (token_hash, key)
);
CREATE INDEX idempotency_made ON idempotency (made_at);
