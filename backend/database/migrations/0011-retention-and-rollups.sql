-- What is kept for how long, and the counts per day that outlive it. A day is a UTC day.

-- Months are made, and dropped, by database/src/partitions.ts from now on. Partitions that only grow are marked as
-- visible to all before a fifth of them is new: counting a month reads its primary key only, and not its rows.
DROP FUNCTION make_activity_partitions(integer);
DO $$
DECLARE
  leaf regclass;
BEGIN
  FOR leaf IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'activities'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (autovacuum_vacuum_insert_scale_factor = 0.02)', leaf);
  END LOOP;
END $$;

-- The activities of one profile in one month that retention has dropped. One element for each day and kind that had
-- any: count × 256 + kind × 32 + day of the month, kind being its place in the type (which grows at its end only).
-- A year of a profile that posts daily is 2 kB so; as rows per day it would be as large as what was dropped.
CREATE TABLE activity_months (
  profile_id bigint NOT NULL REFERENCES profiles ON DELETE CASCADE ON UPDATE CASCADE,
  month      date NOT NULL CHECK (extract(day FROM month) = 1),
  days       integer[] NOT NULL,
  PRIMARY KEY (profile_id, month)
) PARTITION BY RANGE (month);

-- What all profiles did on a day, by the group that each was in when it was counted. No foreign key: a group that is
-- deleted leaves its part of the total behind.
CREATE TABLE activity_days (
  day        date NOT NULL,
  group_id   integer NOT NULL,
  kind       activity_kind NOT NULL,
  activities bigint NOT NULL,
  PRIMARY KEY (day, group_id, kind)
);

CREATE TABLE alert_days (
  day      date NOT NULL,
  group_id integer NOT NULL,
  kind     alert_kind NOT NULL,
  opened   bigint NOT NULL,
  resolved bigint NOT NULL,
  PRIMARY KEY (day, group_id, kind)
);

-- A count under way, so that whoever comes after a producer that was killed goes on where it ended.
CREATE TABLE roll_ups (
  -- `recent`, or the table that is about to be dropped.
  name          text PRIMARY KEY,
  from_day      date NOT NULL,
  -- Not included.
  until_day     date NOT NULL,
  -- Profiles up to this one are in the sums.
  after_profile bigint NOT NULL DEFAULT 0,
  started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at   timestamptz
);

CREATE TABLE roll_up_sums (
  name       text NOT NULL REFERENCES roll_ups ON DELETE CASCADE,
  day        date NOT NULL,
  group_id   integer NOT NULL,
  kind       activity_kind NOT NULL,
  activities bigint NOT NULL,
  PRIMARY KEY (name, day, group_id, kind)
) WITH (fillfactor = 50);

-- When each step of the maintenance succeeded last.
CREATE TABLE maintenance (
  step         text PRIMARY KEY,
  -- What had happened until then is in its result.
  started_at   timestamptz NOT NULL,
  succeeded_at timestamptz NOT NULL,
  -- Time at work, without pauses.
  busy_ms      bigint NOT NULL
);

-- Which alerts retention takes, and how many ended on a day.
CREATE INDEX alerts_resolved ON alerts (resolved_at) WHERE resolved_at IS NOT NULL;
