-- How far X itself is trusted. All of it is about the source as a whole: no row here names what a profile did.

CREATE TYPE source_health AS ENUM ('normal', 'suspect', 'incident', 'recovering');

-- One row. Consumers raise the watermark and say how X answered; the producer assesses. Alerts open only while it says
-- `normal`: the statement that would open them reads it.
CREATE TABLE source_state (
  only_one      boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  -- Whose answers this database is made of; null until it is used. The simulator's and X's are never mixed.
  kind          text CHECK (kind IN ('simulated', 'x')),
  health        source_health NOT NULL DEFAULT 'normal',
  since         timestamptz NOT NULL DEFAULT now(),
  reasons       text[] NOT NULL DEFAULT '{}',
  -- The newest post seen in any answer. Never moves back.
  watermark_at  timestamptz,
  -- Whether an alert needs a watermark at or past the instant at which it became true.
  demanded      boolean NOT NULL DEFAULT false,
  sign_at       timestamptz,
  assessed_at   timestamptz,
  -- The width of source_minutes' buckets: a minute, but for systems whose time passes faster.
  minute_ms     integer NOT NULL DEFAULT 60000 CHECK (minute_ms > 0),
  last_ok_at    timestamptz,
  -- Since when every call has failed, and how.
  failing_since timestamptz,
  failing_as    text,
  -- The names that X's answers used last: `tweet` (most_recent_tweet_id) or `post` (most_recent_post_id).
  vocabulary    text CHECK (vocabulary IN ('tweet', 'post')),
  vocabulary_at timestamptz,
  -- Alerts that wait now, counted up to 10,000.
  held          integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO source_state DEFAULT VALUES;

-- How often X answered how, and when last.
CREATE TABLE source_answers (
  kind    text PRIMARY KEY,
  calls   bigint NOT NULL,
  last_at timestamptz NOT NULL
);

-- What the looks of one minute say of the source. Kept 30 days.
CREATE TABLE source_minutes (
  minute     timestamptz PRIMARY KEY,
  calls      integer NOT NULL DEFAULT 0,
  failed     integer NOT NULL DEFAULT 0,
  looks      integer NOT NULL DEFAULT 0,
  shown      integer NOT NULL DEFAULT 0,
  missing    integer NOT NULL DEFAULT 0,
  again      integer NOT NULL DEFAULT 0,
  fresh      integer NOT NULL DEFAULT 0,
  regressed  integer NOT NULL DEFAULT 0,
  unanswered integer NOT NULL DEFAULT 0,
  gone       integer NOT NULL DEFAULT 0,
  due        integer NOT NULL DEFAULT 0,
  opened     integer NOT NULL DEFAULT 0,
  held       integer NOT NULL DEFAULT 0,
  -- The newest post seen, and how far it lay back at worst.
  newest_at  timestamptz,
  lag_ms     bigint,
  -- The source was not normal: no part of any baseline.
  excluded   boolean NOT NULL DEFAULT false
);

-- One row for each time the source could not be trusted: what would otherwise have been thousands of alerts.
CREATE TABLE incidents (
  incident_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  opened_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at   timestamptz,
  -- What spoke against the source when it was worst.
  reasons     text[] NOT NULL CHECK (cardinality(reasons) > 0),
  -- The most alerts that waited at once.
  held        integer NOT NULL DEFAULT 0,
  CHECK (closed_at >= opened_at)
);
CREATE UNIQUE INDEX incidents_one_open ON incidents ((true)) WHERE closed_at IS NULL;

-- Profiles that are known to post often: their silence speaks against the source.
CREATE TABLE canaries (
  profile_id bigint PRIMARY KEY REFERENCES profiles ON DELETE CASCADE ON UPDATE CASCADE CHECK (profile_id > 0),
  added_at   timestamptz NOT NULL DEFAULT now()
);
