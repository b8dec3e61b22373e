-- The schedule for ten million profiles: rows as narrow as they go (columns by falling width, so that no byte is padding),
-- and an index for each question that is asked of all profiles at once. Measured in backend/database/README.md.

ALTER TABLE schedule RENAME TO schedule_before;
ALTER INDEX schedule_pkey RENAME TO schedule_before_pkey;
ALTER INDEX schedule_due RENAME TO schedule_before_due;
DO $$
BEGIN
  FOR i IN 0..15 LOOP
    EXECUTE format('ALTER TABLE schedule_%1$s RENAME TO schedule_before_%1$s', lpad(i::text, 2, '0'));
    EXECUTE format('ALTER INDEX schedule_%1$s_pkey RENAME TO schedule_before_%1$s_pkey', lpad(i::text, 2, '0'));
  END LOOP;
END $$;

CREATE TABLE schedule (
  profile_id       bigint NOT NULL REFERENCES profiles ON DELETE CASCADE ON UPDATE CASCADE,
  -- Due when this has come. Whoever moves it earlier moves it to now() at the earliest: producers pass over what lies well
  -- before their last claim (database/src/low-water.ts).
  next_check_at    timestamptz NOT NULL,
  -- The earliest time at which an alert could become true; null until there is evidence to reckon from.
  deadline_at      timestamptz,
  -- The last successful observation.
  checked_at       timestamptz,
  -- Never moves back.
  last_activity_at timestamptz,
  last_post_id     bigint,
  -- Since when the account is suspended, protected or gone, as far as seen.
  state_since      timestamptz,
  -- The first of the two looks that an inactivity alert needs; null while there is none. Set for all that are inactive.
  suspected_at     timestamptz,
  -- A claim is a lease: until then somebody is looking, and nobody else takes it; null: nobody is. No index knows of it, so that
  -- claiming changes no index: 5 µs a row, where postponing the due time (which did the same) took 12 and twice the log.
  -- Whoever wants another look at once sets it to null.
  leased_until     timestamptz,
  -- The fencing token: a result is written only by whoever holds the newest claim.
  claim_version    integer NOT NULL DEFAULT 0,
  post_count       integer,
  like_count       integer,
  following_count  integer,
  -- The first 4 bytes of a hash over what the account says of itself.
  profile_hash     integer,
  posts_per_day    real,
  lane             lane NOT NULL,
  account_state    account_state NOT NULL DEFAULT 'unseen',
  reason           check_reason NOT NULL DEFAULT 'first_look',
  -- Looks in a row that brought no evidence.
  failures         smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (profile_id)
) PARTITION BY HASH (profile_id);

-- A twentieth of each page stays free, so that a new version of a row finds room beside the old one. Every check leaves two dead
-- versions: the default of 20 % would let 2 million gather before the first vacuum of 10 million rows.
DO $$
BEGIN
  FOR i IN 0..15 LOOP
    EXECUTE format(
      'CREATE TABLE schedule_%s PARTITION OF schedule FOR VALUES WITH (MODULUS 16, REMAINDER %s)
         WITH (fillfactor = 95, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000,
               autovacuum_vacuum_cost_delay = 1, autovacuum_analyze_scale_factor = 0.2)',
      lpad(i::text, 2, '0'), i);
  END LOOP;
END $$;

INSERT INTO schedule (profile_id, next_check_at, deadline_at, checked_at, last_activity_at, last_post_id, profile_hash,
  state_since, suspected_at, claim_version, post_count, like_count, following_count, posts_per_day, lane, account_state,
  reason, failures)
SELECT profile_id, next_check_at, deadline_at, checked_at, last_activity_at, last_post_id,
  ('x' || encode(substring(decode(translate(profile_hash, '-_', '+/'), 'base64') FOR 4), 'hex'))::bit(32)::integer,
  CASE WHEN account_state NOT IN ('ok', 'unseen') THEN state_since END, suspected_at, claim_version, post_count, like_count, following_count, posts_per_day, lane, account_state,
  reason, failures
FROM schedule_before;
DROP TABLE schedule_before;

-- The producer's question: what is due in this lane, earliest first. An index for each lane is a third smaller than one of all.
CREATE INDEX schedule_due_deadline ON schedule (next_check_at) WHERE lane = 'checks.deadline';
CREATE INDEX schedule_due_fresh ON schedule (next_check_at) WHERE lane = 'checks.fresh';
CREATE INDEX schedule_due_manual ON schedule (next_check_at) WHERE lane = 'checks.manual';
-- Who is about to be silent for too long, and who should have been looked at already.
CREATE INDEX schedule_deadline ON schedule (deadline_at) WHERE suspected_at IS NULL AND deadline_at IS NOT NULL;
-- Who is silent.
CREATE INDEX schedule_silent ON schedule (profile_id) WHERE suspected_at IS NOT NULL;
-- Who was not seen yet, is suspended, protected or gone.
CREATE INDEX schedule_not_ok ON schedule (account_state, profile_id) WHERE account_state <> 'ok';
