-- What has happened, for those who watch. Rows stay for a quarter of an hour.

-- Triggers write the rows, so that nothing that happens is left out, whichever release of the server does it. They have
-- their owner's rights: a serving role that was granted its rights before this version goes on.
CREATE TABLE event (
    -- The transaction. Ids alone are not in the order of commits, and whoever reads would pass over a late one.
    xact        bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    id          bigint GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL DEFAULT now(),
    kind        text NOT NULL CHECK (kind IN ('host', 'order', 'session', 'finding', 'audit')),
    -- The host that it concerns, if it concerns one.
    instance_id text,
    data        jsonb NOT NULL,
    PRIMARY KEY (xact, id)
);
CREATE INDEX event_at ON event (at);

-- The newest transaction whose rows may have been removed: whoever has read less cannot go on from there.
CREATE TABLE event_removed (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    xact     bigint NOT NULL
);
INSERT INTO event_removed (xact) VALUES (pg_current_xact_id()::text::bigint);

-- The state of each host that was told last: silence changes a state without writing anything.
CREATE TABLE told_state (
    instance_id text PRIMARY KEY,
    state       text NOT NULL
);
INSERT INTO told_state SELECT instance_id, state FROM sandboxes;

CREATE FUNCTION tell_state_change() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO told_state (instance_id, state)
    SELECT DISTINCT ON (instance_id) instance_id, status FROM changed ORDER BY instance_id, id DESC
    ON CONFLICT (instance_id) DO UPDATE SET state = excluded.state;
    INSERT INTO event (kind, instance_id, data)
    SELECT 'host', instance_id,
           jsonb_build_object('instance_id', instance_id, 'group_name', group_name, 'state', changed.status, 'cause', changed.cause)
    FROM changed JOIN sandbox USING (instance_id) ORDER BY changed.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_state_change AFTER INSERT ON state_change
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_state_change();

CREATE FUNCTION tell_order() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO event (kind, instance_id, data) SELECT 'order', instance_id, to_jsonb(changed) FROM changed;
    ELSE
        INSERT INTO event (kind, instance_id, data)
        SELECT 'order', changed.instance_id, to_jsonb(changed) FROM changed JOIN former USING (id) WHERE changed IS DISTINCT FROM former;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_new_order AFTER INSERT ON fleet_order
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_order();
CREATE TRIGGER tell_order AFTER UPDATE ON fleet_order
    REFERENCING OLD TABLE AS former NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_order();

CREATE FUNCTION tell_session() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO event (kind, instance_id, data) SELECT 'session', instance_id, to_jsonb(changed) FROM changed;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_new_session AFTER INSERT ON session
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_session();
CREATE TRIGGER tell_session AFTER UPDATE ON session
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_session();

CREATE FUNCTION tell_finding() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO event (kind, instance_id, data)
    SELECT 'finding', CASE WHEN kind IN ('zombie', 'deaf', 'silent') THEN subject END,
           to_jsonb(changed) || jsonb_build_object('is_over', TG_OP = 'DELETE')
    FROM changed;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_finding AFTER INSERT ON finding
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_finding();
CREATE TRIGGER tell_end_of_finding AFTER DELETE ON finding
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_finding();

CREATE FUNCTION tell_audit() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO event (kind, data) SELECT 'audit', to_jsonb(changed) FROM changed;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_audit AFTER INSERT ON audit
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_audit();
