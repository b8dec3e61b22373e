import type pg from 'pg';
import type { Client } from '../pool.ts';

/** pg's types leave the end of COPY out. */
type CopyConnection = pg.Connection & { endCopyFrom(): void };

/**
 * COPY of rows that are in memory already, in PostgreSQL's binary format. pg's own statements refuse COPY, and a stream
 * (pg-copy-streams) is not needed where the caller bounds the size.
 */
class CopyIn {
  readonly #text: string;
  readonly #rows: Uint8Array;
  readonly #done: PromiseWithResolvers<void>;
  #failure: Error | null = null;

  constructor(text: string, rows: Uint8Array, done: PromiseWithResolvers<void>) {
    this.#text = text;
    this.#rows = rows;
    this.#done = done;
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#text);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    // As one message, and without the copies that pg would make of it.
    const head = Buffer.alloc(5, 'd');
    head.writeInt32BE(this.#rows.length + 4, 1);
    connection.stream.write(head);
    connection.stream.write(this.#rows);
    connection.endCopyFrom();
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    if (this.#failure === null) this.#done.resolve();
  }

  /** Not the last word of the server, but pg hands the rest to nobody: it forgets the statement here. */
  handleError(error: Error): void {
    this.#failure = error;
    this.#done.reject(error);
  }
}

/** Copies rows into the columns of a table. They are all in, or none; `rows` must stay as it is until then. */
export async function copyIn(
  client: Client,
  table: string,
  columns: readonly string[],
  rows: Uint8Array,
): Promise<void> {
  const done = Promise.withResolvers<void>();
  client.query(
    new CopyIn(`COPY ${table} (${columns.join(', ')}) FROM STDIN WITH (FORMAT binary)`, rows, done),
  );
  await done.promise;
}
