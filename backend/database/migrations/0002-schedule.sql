-- One narrow, hot row per profile: when to look next, and what was seen last. Kept apart from profiles so that
-- a check never rewrites names and policies. Hash partitions keep vacuum units small and map onto a distributed Postgres.

CREATE TYPE lane AS ENUM ('checks.deadline', 'checks.fresh', 'checks.manual');
CREATE TYPE account_state AS ENUM ('unseen', 'ok', 'suspended', 'protected', 'not_found');

CREATE TABLE schedule (
  profile_id       bigint NOT NULL REFERENCES profiles ON DELETE CASCADE ON UPDATE CASCADE,
  -- Due when this has come. Claiming postpones it by the lease.
  next_check_at    timestamptz NOT NULL,
  -- The earliest time at which an alert could become true; null until there is evidence to reckon from.
  deadline_at      timestamptz,
  -- The last successful observation.
  checked_at       timestamptz,
  -- Never moves back.
  last_activity_at timestamptz,
  last_post_id     bigint,
  -- The first of the two looks that an inactivity alert needs; null while there is none.
  suspected_at     timestamptz,
  -- Since when the account is in this state, as far as seen.
  state_since      timestamptz,
  lane             lane NOT NULL,
  account_state    account_state NOT NULL DEFAULT 'unseen',
  -- The fencing token: a result is written only by whoever holds the newest claim.
  claim_version    integer NOT NULL DEFAULT 0,
  post_count       integer,
  like_count       integer,
  following_count  integer,
  posts_per_day    real,
  -- Looks in a row that brought no evidence.
  failures         smallint NOT NULL DEFAULT 0,
  profile_hash     text,
  PRIMARY KEY (profile_id)
) PARTITION BY HASH (profile_id);

DO $$
BEGIN
  FOR i IN 0..15 LOOP
    EXECUTE format(
      'CREATE TABLE schedule_%s PARTITION OF schedule FOR VALUES WITH (MODULUS 16, REMAINDER %s)
         WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_limit = 2000)',
      lpad(i::text, 2, '0'), i);
  END LOOP;
END $$;

-- The producer's question: what is due in this lane, earliest first.
CREATE INDEX schedule_due ON schedule (lane, next_check_at);
