-- Somebody who has signed in to the page with a token of the API. It ends with the token.
CREATE TABLE login (
    hash         bytea PRIMARY KEY,
    token_id     text NOT NULL REFERENCES api_token,
    signed_in_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX login_expiry ON login (expires_at);
