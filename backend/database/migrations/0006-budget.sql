-- What may be spent on X, shared by all consumers: calls in time, and money. One row, and one statement that takes from it.
-- Amounts are whole millionths of a dollar: $0.010 for a user is 10000.

CREATE TABLE budget (
  one                boolean PRIMARY KEY DEFAULT true CHECK (one),

  -- Settings. X's own limit for user look-ups by an app is 300 calls in 900 seconds.
  calls              integer NOT NULL DEFAULT 300 CHECK (calls BETWEEN 1 AND 1000000),
  window_s           integer NOT NULL DEFAULT 900 CHECK (window_s BETWEEN 1 AND 86400),
  -- Calls that may follow one another at once after a pause.
  burst              integer NOT NULL DEFAULT 1 CHECK (burst BETWEEN 1 AND 1000),
  -- per_user: the price is for each user that an answer holds. per_request: for each call, whatever it holds.
  pricing            text NOT NULL DEFAULT 'per_user' CHECK (pricing IN ('per_user', 'per_request')),
  price              bigint NOT NULL DEFAULT 10000 CHECK (price BETWEEN 0 AND 1000000000),
  -- null: none
  daily_cap          bigint CHECK (daily_cap >= 0),
  monthly_cap        bigint CHECK (monthly_cap >= 0),
  -- Freshness stops at this share of a cap, so that the rest is left for deadlines.
  fresh_percent      integer NOT NULL DEFAULT 90 CHECK (fresh_percent BETWEEN 0 AND 100),
  -- X promises, as a "soft guarantee", to bill a user once in a UTC day. true: count every one all the same.
  count_repeats      boolean NOT NULL DEFAULT true,

  -- The limiter (GCRA): when the next call may begin.
  next_at            timestamptz NOT NULL DEFAULT now(),
  -- Calls ever granted.
  granted            bigint NOT NULL DEFAULT 0,
  -- What X's own headers leave room for, until their window ends.
  x_limit            integer,
  x_remaining        integer,
  x_reset_at         timestamptz,
  x_interval         interval,
  -- Why no call may be made, and until when; for what does not end by itself: until one call tries.
  blocked_reason     text,
  blocked_since      timestamptz,
  blocked_until      timestamptz,
  CHECK ((blocked_reason IS NULL) = (blocked_until IS NULL)),

  -- Spent and reserved on the UTC day `day`, and in its month. A reservation that nobody settles (a crash between the two)
  -- counts as spent until the day ends, because X may well have billed it; then both are counted anew from `spend`.
  day                date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date,
  day_used           bigint NOT NULL DEFAULT 0,
  month_used         bigint NOT NULL DEFAULT 0,

  -- K of the square-root rule as it is steered; null until it is steered for the first time.
  freshness_k_ms     bigint CHECK (freshness_k_ms > 0),
  steered_at         timestamptz,
  steered_granted    bigint NOT NULL DEFAULT 0,
  steered_used       bigint NOT NULL DEFAULT 0
  -- Rewritten with every call and indexed by nothing that changes: room in the page keeps it a heap-only update.
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

INSERT INTO budget DEFAULT VALUES;

-- What was spent, as X's answers told: the truth that the sums above are counted from. group_id 0: of no group (any more).
CREATE TABLE spend (
  day      date NOT NULL,
  group_id integer NOT NULL,
  -- A call for profiles of several groups counts for each by its share of them.
  calls    double precision NOT NULL DEFAULT 0,
  -- Users that answers held.
  users    bigint NOT NULL DEFAULT 0,
  -- Millionths of a dollar.
  usd      bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (day, group_id)
) WITH (fillfactor = 50);
