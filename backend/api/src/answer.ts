import type { Overview } from '@app/database/overview';
import type { Pool } from '@app/database/pool';
import type { Health } from '@app/runtime/health';
import type { Log } from '@app/runtime/log';
import type { Request, Response } from 'express';

/** What the handlers work with. */
export interface Api {
  readonly pool: Pool;
  readonly readOverview: () => Promise<Overview>;
  readonly log: Log;
  readonly health: Health;
  /** How long before a deadline the first of its two looks is due. */
  readonly confirmDelayMs: number;
  /** An import file may be this large, unpacked. */
  readonly importMaxBytes: number;
  /** Each import holds a connection of the pool for as long as its upload lasts. */
  readonly importSlots: Slots;
  /** An upload from which nothing comes for this long is given up. */
  readonly importStallMs: number;
}

/** How many may still begin. */
export interface Slots {
  free: number;
}

export interface Answer {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Reads a request, does one thing and says what to answer; null when it has answered by itself. Refusals are thrown. */
export type Handler = (api: Api, request: Request, response: Response) => Promise<Answer | null>;

export function send(response: Response, answer: Answer): void {
  response.status(answer.status).set(answer.headers ?? {});
  if (answer.body === undefined) response.end();
  else response.json(answer.body);
}
