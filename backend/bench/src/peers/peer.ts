/** What a run of the benchmark provides. The rows of profiles 1 to `profiles` stand in the database. */
export interface PeerContext {
  readonly databaseUrl: string;
  readonly amqpUrl: string;
  readonly simulatorUrl: string;
  readonly profiles: number;
  /** How long each peer is measured, after its warm-up. */
  readonly seconds: number;
  readonly log: (line: string) => void;
  readonly onStop: (close: () => Promise<void>) => void;
}

/** How much of a peer runs at once. */
export interface Level {
  /** Worker processes. */
  readonly workers: number;
  /** Jobs that each of them has in hand at once; for a peer that works in batches: batches. */
  readonly concurrency: number;
}

/** What a job is there for: to look up at X and to write what was seen. */
export interface Checks {
  /** One call and one statement for one profile. */
  one(id: string): Promise<void>;
  /** One call and one statement for up to 100. */
  many(ids: readonly string[]): Promise<void>;
}

/** The part of a peer that hands out jobs, in a process of its own. */
export interface Feed {
  /** How many jobs it takes at once. */
  readonly bulk: number;
  add(ids: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface Work {
  readonly address: string;
  readonly concurrency: number;
  readonly checks: Checks;
  /** Jobs that are finished, as far as the peer says. */
  readonly onDone: (jobs: number) => void;
}

/** A way to run background jobs that people would use instead. A job is one profile, whatever the peer. */
export interface Peer {
  /** Each is tried for a moment, and the quickest is measured. */
  readonly levels: readonly Level[];
  /** Makes what it needs: queue, schema, server. */
  open(context: Pick<PeerContext, 'databaseUrl' | 'amqpUrl' | 'log'>): Promise<Opened>;
  feed(address: string): Promise<Feed>;
  /** Resolves when it takes jobs; what it returns stops it. */
  work(work: Work): Promise<() => Promise<void>>;
}

export interface Opened {
  /** Where its processes find it. */
  readonly address: string;
  /** Takes away what was made, and all that was stored in it. */
  close(): Promise<void>;
}
