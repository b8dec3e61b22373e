-- Lists, search and counts for ten million profiles: an index for each way in, so that no request reads all of them, and a
-- place for what has to be counted all the same. Measured in backend/database/README.md, "Lists and counts".

-- 4 bytes instead of up to 13. A value more is one ALTER TYPE.
CREATE TYPE basis AS ENUM ('unstated', 'own', 'consent', 'organisation');
ALTER TABLE profiles DROP CONSTRAINT profiles_basis_check, ALTER COLUMN basis DROP DEFAULT;
ALTER TABLE profiles ALTER COLUMN basis TYPE basis USING basis::basis;
ALTER TABLE profiles ALTER COLUMN basis SET DEFAULT 'unstated';

-- Which block of neighbouring ids one is in: grows with the id, so the order (id_block(profile_id), profile_id) is that of the ids.
-- An index over the block instead of the id keeps the profiles of a block as one list of row addresses: 8 to 14 bytes a
-- profile instead of 32. Blocks are as wide as the ids are sparse: 64 ids below 2^24 (our own stand-ins, X's first accounts,
-- simulated ones), 65,536 below 2^34 (X's accounts while they were counted up), 2^42 above (snowflakes: 17 minutes of new accounts).
CREATE FUNCTION id_block(profile_id bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN profile_id < 16777216 THEN greatest(profile_id, -34359738368) >> 6
  WHEN profile_id < 17179869184 THEN 262144 + (profile_id >> 16)
  ELSE 524288 + (profile_id >> 42)
END::integer;

-- List by group. Page through it with ORDER BY id_block(profile_id), profile_id (database/src/profile-sources.ts).
DROP INDEX profiles_group;
CREATE INDEX profiles_group ON profiles (group_id, id_block(profile_id));

-- "Who has this handle", and search by its beginning.
DROP INDEX profiles_handle;
CREATE INDEX profiles_handle ON profiles (lower(handle) text_pattern_ops);

-- Search anywhere inside a handle. New handles gather in a list that every search reads through, 2 MB of it (some 15 ms) before they
-- are sorted in together; the producer has that done every minute. Sorted in one by one they cost five times as much (160 µs each).
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX profiles_inside_handle ON profiles USING gin (lower(handle) gin_trgm_ops) WITH (gin_pending_list_limit = 2048);

CREATE INDEX profiles_paused ON profiles (profile_id) WHERE paused_at IS NOT NULL;
-- The greatest grace in use, without reading all profiles.
CREATE INDEX profiles_own_grace ON profiles (grace_s) WHERE grace_s IS NOT NULL;

-- Neither in schedule_deadline nor certainly silent: between the two looks that an alert needs (the confirming look comes within
-- an hour, unless CONFIRM_DELAY_MS says otherwise), or without a deadline. A few at any time.
CREATE INDEX schedule_undecided ON schedule (profile_id) WHERE
  account_state = 'ok' AND (
    (suspected_at IS NOT NULL AND (suspected_at = checked_at
      OR (checked_at < deadline_at AND deadline_at - checked_at <= interval '1 hour')))
    OR (suspected_at IS NULL AND deadline_at IS NULL));

-- What the last census counted: one row, and a row for each group and status that has profiles.
CREATE TABLE census (
  only_one     boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  taken_at     timestamptz NOT NULL,
  -- How long counting took: the next census waits for a multiple of it.
  duration_ms  integer NOT NULL,
  profiles     bigint NOT NULL,
  -- How long profiles have been silent: so many between each bound and the next (database/src/tally.ts).
  silence      bigint[] NOT NULL,
  -- Deadlines that fall within the next 1, 6 and 24 hours.
  deadlines    bigint[] NOT NULL,
  -- Profiles with a first look at their silence that are not inactive, and not in schedule_undecided.
  strays       bigint NOT NULL
);

CREATE TABLE census_counts (
  group_id integer NOT NULL,
  status   text NOT NULL,
  profiles bigint NOT NULL,
  PRIMARY KEY (group_id, status)
);
