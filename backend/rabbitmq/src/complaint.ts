import { reasonOf } from './address.ts';
import { Unusable } from './unusable.ts';

/** The handshake ended by the server: wrong user or password. */
export function refused(error: unknown): boolean {
  return /\b403 \(ACCESS-REFUSED\)/.test(reasonOf(error));
}

/** What failed, where, and what a person has to do. */
export function complaint(error: unknown, shown: string): string {
  const reason = reasonOf(error);
  if (error instanceof Unusable) return `RabbitMQ at ${shown}: ${reason}`;
  if (refused(error))
    return `RabbitMQ at ${shown} refuses us: ${reason}; correct the user and password in AMQP_URL`;
  return `RabbitMQ at ${shown} does not answer: ${reason}; start it, or correct AMQP_URL`;
}
