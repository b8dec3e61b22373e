import type { Broker } from './broker.ts';

/** Throws while the connection is lost: a check of readiness. */
export function mustBeConnected(broker: Broker): void {
  if (!broker.connected) throw new Error('not connected');
}
