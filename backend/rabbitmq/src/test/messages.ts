import type { CheckMessage, Message } from '@app/contract/message';

/** A message that can be told from others by its number. */
export function messageOf(number: number): CheckMessage {
  return {
    kind: 'profiles.check',
    lease_until: '2030-01-01T00:00:00.000Z',
    checks: [{ profile_id: String(number), claim_version: 1 }],
  };
}

/** The number of a message made by `messageOf`. */
export function numberOf(message: Message): number {
  if (message.kind !== 'profiles.check') throw new Error(`unexpected message: ${message.kind}`);
  return Number(message.checks[0]?.profile_id);
}
